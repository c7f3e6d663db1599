"""docs/policy.md says what the rules say."""

from pathlib import Path

import pytest

from policy import check
from tools.pages import rules_table


def test_the_table_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert rules_table.main(["--check"]) == 0, capsys.readouterr().err
    page = (rules_table.FOLDER / "docs/policy.md").read_text()
    assert all(f"| `{id}` | " in page for id in check.every())


def test_a_stale_table_is_told_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(rules_table, "FOLDER", tmp_path)
    page = tmp_path / "docs/policy.md"
    page.parent.mkdir()
    page.write_text("before\n<!-- rules -->\nstale\n<!-- /rules -->\nafter\n")
    assert rules_table.main(["--check"]) == 1
    assert capsys.readouterr().err == "docs/policy.md: the table of rules is not current; run: python -m tools.pages.rules_table\n"
    assert rules_table.main([]) == 0
    assert rules_table.main(["--check"]) == 0
    assert page.read_text().startswith("before\n<!-- rules -->\n| rule |")
