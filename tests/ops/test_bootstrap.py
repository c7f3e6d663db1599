"""The pieces of the bootstrap: an environment's pip, Debian's missing ensurepip, a failure in one line."""

import importlib.util
import os
import sys

import pytest

from ops import bootstrap
from ops.bootstrap import StepError


class Machine:
    """Programs that fail the first `times` that their words hold `failing`."""

    def __init__(self, failing: str = "nothing fails", times: int = 1) -> None:
        self.failing, self.times, self.ran = failing, times, []

    def __call__(self, *command):
        line = " ".join(str(word) for word in command)
        self.ran.append(line)
        if self.failing in line and self.times:
            self.times -= 1
            raise StepError("no")


PACKAGE = f"python3.{sys.version_info.minor}-venv"


@pytest.fixture
def bare(monkeypatch):
    """Debian's Python without python3-venv."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.mark.parametrize(("user", "become"), [(0, ""), (1000, "sudo -n ")])
def test_ensurepip_is_installed_with_fresh_lists_if_need_be(bare, monkeypatch, capsys, tmp_path, user, become):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    machine = Machine("install")
    bootstrap.create(machine, tmp_path / "venv")
    install = f"{become}apt-get install -y --no-install-recommends {PACKAGE}"
    assert machine.ran[:-1] == [install, f"{become}apt-get update", install]
    assert capsys.readouterr().err.startswith(f"slipway: installing the Debian package {PACKAGE} … ")


def test_without_a_way_to_root_the_command_is_told(bare, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(StepError, match=f"sudo apt-get install -y {PACKAGE}"):
        bootstrap.create(Machine("apt-get", times=9), tmp_path / "venv")


def test_ensurepip_that_is_there_needs_nothing(tmp_path):
    machine = Machine()
    bootstrap.create(machine, tmp_path / "venv")
    assert machine.ran == [f"{sys.executable} -m venv --clear {tmp_path}/venv"]


def test_an_environment_takes_the_place_of_a_link_and_leaves_what_it_leads_to(tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "venv").symlink_to("theirs")
    bootstrap.create(Machine(), tmp_path / "venv")
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


BROKEN = "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(no route)': /simple/rich/"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("ERROR: Could not find rich==1\nERROR: No matching distribution found\n", "Could not find rich==1"),
        (f"{BROKEN}\nERROR: No rich==1", "No rich==1; 'NewConnectionError(no route)': /simple/rich/"),
        ("ERROR: Exception:\nTraceback:\n  line\nOSError: No space left", "OSError: No space left"),
        ("first\nsudo: a password is required\n", "sudo: a password is required"),
        ("", "exit 7"),
    ],
)
def test_a_failure_is_told_in_one_line(tmp_path, words, reason):
    with bootstrap.locked(tmp_path / "lock") as run, pytest.raises(StepError) as told:
        run("sh", "-c", 'printf %s "$1" >&2; exit 7', "sh", words)
    assert str(told.value).partition(" …: ")[2] == reason
