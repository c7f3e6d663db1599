"""What a rollout removes from the store of what hosts wrote there."""

import os
from pathlib import Path

from cloud_init.host.contracts.rollout import DesiredState
from components.release.store import connect, in_folder
from components.rollout import clean_up
from components.rollout.desired_state import HISTORY, Desired


def test_outcomes_of_old_generations_and_outputs_that_nobody_read_go(tmp_path: Path) -> None:
    store, now = connect(in_folder(tmp_path)), 1_000_000
    ages = {"a/heartbeat.json": 0, "a/1.json": 9000, "a/2.json": 9000, "a/output-1": 3700, "b/output-2": 3500, "b/progress.json": 9000}
    for name, age in ages.items():
        store.put(f"outcomes/{name}", b"{}")
        os.utime(tmp_path / "outcomes" / name, (now - age, now - age))
    clean_up.run(store, Desired(None, DesiredState(HISTORY + 2)))
    assert {*ages} - {name.removeprefix("outcomes/") for name in store.names("outcomes/")} == {"a/1.json", "a/output-1"}
