"""What a rollout removes from the store of what hosts wrote there."""

import os
from pathlib import Path

import pytest

from cloud_init.host import contracts
from cloud_init.host.contracts.rollout import DesiredState
from cloud_init.host.stores import Conflict
from components.release.store import HISTORY, Desired, connect, in_folder, to_json
from components.rollout import coordinator


def test_outcomes_of_old_generations_and_outputs_that_nobody_read_go(tmp_path: Path) -> None:
    store, now = connect(in_folder(tmp_path)), 1_000_000
    ages = {"a/heartbeat.json": 0, "a/1.json": 9000, "a/2.json": 9000, "a/output-1": 3700, "b/output-2": 3500}
    for name, age in ages.items():
        store.put(f"outcomes/{name}", b"{}")
        os.utime(tmp_path / "outcomes" / name, (now - age, now - age))
    state = DesiredState(HISTORY + 2)
    store.put("desired.json", to_json(contracts.document(state)))
    coordinator.clean_up(store, Desired(None, state))
    assert {*ages} - {name.removeprefix("outcomes/") for name in store.names("outcomes/")} == {"a/1.json", "a/output-1"}


def test_outcomes_of_numbers_that_were_never_reached_go_too(tmp_path: Path) -> None:
    """`desired.json` was removed, and counts anew."""
    store, state = connect(in_folder(tmp_path)), DesiredState(3)
    store.put("desired.json", to_json(contracts.document(state)))
    for number in (3, 4, 40):
        store.put(f"outcomes/a/{number}.json", b"{}")
    coordinator.clean_up(store, Desired(None, state))
    assert [*store.names("outcomes/")] == ["outcomes/a/3.json"]


def test_nothing_goes_where_another_one_wrote_what_is_wanted(tmp_path: Path) -> None:
    store = connect(in_folder(tmp_path))
    store.put("releases/r9/manifest.json", b"{}")
    store.put("desired.json", to_json(contracts.document(DesiredState(2, "r9", token="another"))))
    with pytest.raises(Conflict):
        coordinator.clean_up(store, Desired(None, DesiredState(2, "r1", token="mine")))
    assert "releases/r9/manifest.json" in store.names("")
