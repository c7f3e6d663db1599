"""Documents between the deploying side and hosts: those that the program before these types wrote are read, and written again alike."""

import json
from pathlib import Path
from typing import Any

import documents
import pytest

from cloud_init.host import contracts
from cloud_init.host.contracts import facts, manifest, rollout
from tools.pages import contracts_schema

KINDS = {name: kind for module in (facts, manifest, rollout) for name, kind in vars(module).items()}
WRITTEN: dict[str, list[Any]] = json.loads(Path(__file__).with_name("documents.json").read_text(encoding="utf-8"))
"""By kind: of the example app on `local`, with a release that was refused; the heartbeat, its host's facts and its progress of a server."""


@pytest.mark.parametrize(("name", "found"), [(name, one) for name in WRITTEN for one in WRITTEN[name]])
def test_a_document_of_before_is_read_and_written_alike(name: str, found: dict[str, Any]) -> None:
    written = contracts.document(contracts.read(KINDS[name], {**found, "of a newer tool": 1}))
    assert json.loads(json.dumps(written)) == written
    without = [None, [], "", 0.0]
    if name in ("Outcome", "DesiredState"):  # what hosts and coordinator don't ask for may be left out, or be there
        written, found = ({key: one for key, one in these.items() if one not in without} for these in (written, found))
    assert written == found


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"module": None}, "module: wanted text, found None"),
        ({"code": {"id": "c"}}, "code.sha256: wanted it, found none"),
        ({"files": [{"path": "a", "content": 1}]}, "files[0].content: wanted text, found 1"),
        ({"environment": {"A": True}}, "environment.A: wanted text, found True"),
        ({"health": {"path": "/", "host": "h", "timeout": "30"}}, "health.timeout: wanted a number, found '30'"),
        ({"database": {"engine": "none", "address": ["10.0.0.5"]}}, "database.address: wanted a list of 2, found ['10.0.0.5']"),
        ({"static": []}, "static: wanted an object, found []"),
        ({"schema": True}, "schema: wanted a whole number, found True"),
    ],
)
def test_a_field_that_is_wrong_is_named_with_what_was_found(change: dict[str, Any], why: str) -> None:
    with pytest.raises(contracts.Wrong) as wrong:
        contracts.read(manifest.Manifest, {**documents.MANIFEST, **change})
    assert str(wrong.value) == why


def test_the_schema_is_current_and_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert contracts_schema.main(["--check"]) == 0, capsys.readouterr().err
    made = json.loads(contracts_schema.schema())["$defs"]
    assert made["Health"]["properties"]["timeout"]["description"] == "Seconds until a release that isn't well is refused."
    kinds = {name for name, kind in KINDS.items() if getattr(kind, "__module__", "").startswith(contracts.__name__)}
    assert made.keys() == kinds
