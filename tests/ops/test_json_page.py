"""docs/json.md names every key that `--json` prints of an answer."""

import dataclasses
import re
from pathlib import Path

import pytest

from components import answers

PAGE = (Path(__file__).parents[2] / "docs/json.md").read_text()
KINDS = [one for one in vars(answers).values() if dataclasses.is_dataclass(one) and one is not answers.Kept]


@pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.__name__)
def test_every_key_is_there(kind):
    named = set(re.findall(r"`(\w+)`", PAGE))
    printed = {one.name for one in dataclasses.fields(kind)} - {"more"}
    assert printed - named == set()
