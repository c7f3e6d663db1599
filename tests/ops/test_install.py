"""Installing what a target needs: apt-get without services starting, and tidy afterwards."""

import io
import os
import signal
import subprocess
import time
from contextlib import redirect_stderr
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_up import result, step

from components.errors import MissingError
from ops.stack import workplace

FAKE_APT = """#!/bin/sh
echo "$@" >>"$LOG"
cat "$POLICY" >>"$LOG.policy" 2>/dev/null
[ -n "${SLOW:-}" ] && sleep "$SLOW"
for word in "$@"; do
    [ "$word" = install ] && [ ! -e "$LISTS" ] && { echo "E: Unable to locate package" >&2; exit 100; }
    [ "$word" = update ] && [ -z "${BROKEN:-}" ] && touch "$LISTS"
done
exit 0
"""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine whose apt-get writes down what it is asked."""
    made = SimpleNamespace(log=tmp_path / "log", lists=tmp_path / "lists", policy=tmp_path / "policy-rc.d", bin=tmp_path / "bin")
    made.lists.touch()
    made.bin.mkdir()
    (made.bin / "apt-get").write_text(FAKE_APT)
    (made.bin / "apt-get").chmod(0o755)
    for name in ("log", "lists", "policy"):
        monkeypatch.setenv(name.upper(), str(getattr(made, name)))
    monkeypatch.setenv("PATH", f"{made.bin}:{os.environ['PATH']}")
    monkeypatch.setattr(workplace, "POLICY", made.policy)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return made


def need(present=False, required=True, program="nginx"):
    packages = (program, f"{program}-extra")
    return SimpleNamespace(program=program, why="front server", packages=packages, present=present, required=required)


def ensure(*states) -> list[str]:
    """`ensure` over needs that read as given the first time and the second time."""
    rest, said = list(states), io.StringIO()
    with redirect_stderr(said):
        workplace.ensure(lambda: rest.pop(0) if len(rest) > 1 else rest[0])
    return said.getvalue().splitlines()


def test_nothing_is_run_when_nothing_is_missing(apt):
    assert ensure([need(present=True)]) == []
    assert not apt.log.exists()


def test_root_installs_without_starting_services(apt):
    said = ensure([need()], [need(present=True)])
    assert len(said) == 1
    assert said[0].startswith("Installed Debian packages: nginx nginx-extra (services not started)")
    assert apt.log.read_text().endswith("install -y --no-install-recommends nginx nginx-extra\n")
    assert "exit 101" in Path(f"{apt.log}.policy").read_text()
    assert not apt.policy.exists()


def test_package_lists_are_fetched_when_needed(apt):
    apt.lists.unlink()
    ensure([need()], [need(present=True)])
    words = [line.split()[2] for line in apt.log.read_text().splitlines()]
    assert words == ["install", "update", "install"]


def test_a_failure_is_told_with_its_last_words_and_tidied(apt, monkeypatch):
    apt.lists.unlink()
    monkeypatch.setenv("BROKEN", "1")
    with pytest.raises(MissingError, match=r"nginx is missing .*sudo apt-get install -y nginx nginx-extra\n  E: Unable"):
        ensure([need()])
    assert not apt.policy.exists()


def test_the_machines_own_policy_stays(apt):
    apt.policy.write_text("#!/bin/sh\nexit 0\n")
    ensure([need()], [need(present=True)])
    assert apt.policy.read_text() == "#!/bin/sh\nexit 0\n"


def test_a_policy_left_by_a_kill_is_removed_by_the_next_run(apt):
    running = subprocess.Popen(["sh", workplace.SCRIPT, apt.policy, "x"], env={**os.environ, "SLOW": "5"}, start_new_session=True)
    wait_for(apt.policy)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert apt.policy.exists()
    ensure([need()], [need(present=True)])
    assert not apt.policy.exists()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_installation_tidies(apt, how):
    before = signal.signal(how, signal.SIG_DFL)  # what this process was started to ignore no shell of its could trap
    running = subprocess.Popen(["sh", workplace.SCRIPT, apt.policy, "x"], env={**os.environ, "SLOW": "20"}, start_new_session=True)
    signal.signal(how, before)
    wait_for(apt.policy)
    os.killpg(running.pid, how)
    assert running.wait() in (130, 143)
    assert not apt.policy.exists()


def wait_for(path: Path) -> None:
    for _ in range(200):
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError(path)


def test_what_is_not_required_may_stay_missing(apt, monkeypatch):
    monkeypatch.setattr(workplace, "become_root", lambda: None)
    said = ensure([need(required=False)])
    assert said == ["Going on without nginx (front server); to have it: sudo apt-get install -y nginx nginx-extra"]
    assert not apt.log.exists()


def test_without_a_way_to_root_the_command_is_told(apt, monkeypatch):
    monkeypatch.setattr(workplace, "become_root", lambda: None)
    with pytest.raises(MissingError, match=r"install it with: sudo apt-get install -y nginx nginx-extra$"):
        ensure([need()])


@pytest.mark.parametrize(("answer", "expected"), [(0, ["sudo", "-n"]), (1, None)])
def test_sudo_counts_only_without_a_password(apt, monkeypatch, answer, expected):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (apt.bin / "sudo").write_text(f'#!/bin/sh\n[ "$1" = -n ] || exit 9\nexit {answer}\n')
    (apt.bin / "sudo").chmod(0o755)
    assert workplace.become_root() == expected


def test_up_stops_when_something_required_is_missing(world, slipway, monkeypatch):
    monkeypatch.setattr(workplace, "become_root", lambda: None)
    world.needs = [need()]
    world.plan = result([step("create", "host")])
    done = slipway("up", "-y")
    assert (done.exit_code, world.calls) == (3, ["preview"])
    assert done.stderr.count("\n") == 1
