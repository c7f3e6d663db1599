"""docs/json.md names every key that `--json` prints of an answer."""

import re
from pathlib import Path

import pytest

from components.deployment import answers

PAGE = (Path(__file__).parents[2] / "docs/json.md").read_text()
KINDS = [one for one in vars(answers).values() if isinstance(one, type) and issubclass(one, answers.Reported)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.__name__)
def test_every_key_is_there(kind):
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert kind.model_fields.keys() - named == set()
