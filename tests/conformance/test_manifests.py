"""Manifests have the fields that they had before they were a type: a release's id covers them, and hosts of every age read them."""

import json
from pathlib import Path
from typing import Any

import cases
import pytest

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("manifests.json").read_text(encoding="utf-8"))
"""What each stack file's manifest was made of, as `shape` tells it; `ssh, changed` is that of `stacks/ssh.yaml` with `CHANGES`."""
CHANGES = {"slipway:domain": "www.example.com", "slipway:app.cron": {"tidy": {"schedule": "0 3 * * *", "command": "flask tidy"}}}


def shape(value: Any) -> Any:
    """Names, kinds of values, and what is null; of a list each shape once."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        shapes: list[Any] = []
        shapes += (found for one in value if (found := shape(one)) not in shapes)
        return shapes
    return None if value is None else type(value).__name__


def manifest(case: cases.Case) -> Any:
    """Resources come in any order, and other objects of a store have a `content` too, a secret one of another kind."""
    texts = [inputs.get("manifest") or inputs.get("content") for one in case.record(True).wire for inputs in [one.get("object", {})]]
    return next(document for text in texts if isinstance(text, str) and "requirements" in (document := json.loads(text)))


@pytest.mark.parametrize("name", RECORDED)
def test_a_manifest_has_the_fields_that_it_had(name: str) -> None:
    [path] = [path for path in cases.stack_files() if path.stem == name.split(",")[0]]
    case = cases.read(path).with_(CHANGES if name.endswith("changed") else {})
    assert shape(manifest(case)) == RECORDED[name]
