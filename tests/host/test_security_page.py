"""docs/security.md has what a hostile program tries, each with what holds it."""

import re
from pathlib import Path

from real_hosts import tenant

PAGE = Path(__file__).parents[2] / "docs/security.md"


def test_every_try_is_on_the_page() -> None:
    rows = re.findall(r"^\| ((?:[a-z]+ ).*?) \| (.+) \|$", PAGE.read_text(encoding="utf-8").partition("## What it tries")[2], re.MULTILINE)
    assert [name for name, _ in rows[1:]] == list(tenant.TRIES)
    assert len(rows) > 60
    assert all(held for _, held in rows)
