"""Both managers, each on a booted host: the same contract, little exposed, back by themselves; no release changes one for the other."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from real_hosts.managed import APP, Asking, ManagedHost
from real_hosts.network import Network

MANAGERS = ("supervisor", "systemd")
PROCESSES = {"worker": "sh beat.sh"}
REFUSES_THE_FRONT = """
@app.before_request
def refuse():
    if request.headers.get("X-Forwarded-For"):
        return "no", 500
"""


@pytest.fixture(scope="module", params=MANAGERS)
def manager(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def host(manager: str) -> Iterator[ManagedHost]:
    """A host of that manager's own."""
    with Network() as network:
        machine = network.machine("web")
        machine.wait_booted()
        yield ManagedHost(machine)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Figures are printed, whatever pytest captures."""

    def out(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {text}", end="")

    return out


def other(manager: str) -> str:
    return next(one for one in MANAGERS if one != manager)


def in_force(host: ManagedHost) -> str:
    return str(host.tool("status")["manager"]["kind"])


def launch(host: ManagedHost, manager: str) -> None:
    """A release under that manager."""
    release = host.publish(time.monotonic_ns(), manager, processes=PROCESSES)
    if release != (host.tool("status")["live"] or {}).get("release"):
        host.roll(release)


def status_of(host: ManagedHost, program: str) -> dict[str, str]:
    """What the kernel says of its main process."""
    lines = host.machine.shell(f"cat /proc/{host.pid(program)}/status").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def worker(host: ManagedHost, program: str) -> str:
    """One of its main process's children, or nothing."""
    return host.machine.run(["sh", "-c", f"pgrep -P {host.pid(program)} | head -1"], check=False).stdout.strip()


def replaced(host: ManagedHost, which: Callable[[], str], pid: str) -> bool:
    """Everything that should run does, with another process than that one, and the app answers."""
    settled = set(host.states().values()) <= {"running", "starting", "stopped"}
    return settled and which() not in ("", pid) and host.get().isdigit()


def only_one_manages(host: ManagedHost, manager: str) -> None:
    """What serves is in the control groups of one manager, and nothing of the other is left."""
    assert in_force(host) == manager
    units = host.machine.shell("systemctl list-units --plain --no-legend 'slipway-shop*'").split("\n")
    running = {line.split()[0] for line in units if " running " in line}
    if manager == "supervisor":
        assert running == {"slipway-shop-supervisor.service"}
    else:
        assert "slipway-shop-supervisor.service" not in running
        assert "slipway-shop-front.service" in running
    assert ("slipway-shop-supervisor" in host.get("/group")) is (manager == "supervisor")


@pytest.mark.family("managers", case="systemd")
def test_contract(host: ManagedHost, manager: str) -> None:
    release = host.publish(time.monotonic_ns(), manager, processes={**PROCESSES, "extra": "sh beat.sh"})
    host.roll(release)
    host.machine.shell("rm -f /srv/slipway/shop/shared/signalled")
    live = host.tool("status")["live"]["colour"]
    # its own step has started `extra` too: the script adds it by itself
    host.machine.run(["python3", "-c", _REMOVE.format(name=f"{live}-extra")])
    script = Path(__file__).with_name("contract_on_host.py").read_text(encoding="utf-8")
    found = json.loads(host.machine.run(["python3", "-c", script]).stdout)
    assert {name for name, good in found.items() if not good} == set()
    assert len(found) > 10
    if manager == "supervisor":  # a signal that is lost makes it wait, and then kill
        assert "with SIGKILL" not in host.machine.read("/var/log/slipway/shop/supervisord.log").decode()


def test_exposure(host: ManagedHost, manager: str, say: Callable[[str], None]) -> None:
    launch(host, manager)
    only_one_manages(host, manager)
    units = host.machine.shell("systemctl list-units --plain --no-legend --state=running 'slipway-shop*'").splitlines()
    found = {unit.split()[0]: host.exposure(unit.split()[0]) for unit in units}
    say(f"{manager}, exposure (0 to 10): {found}")
    assert found
    assert max(found.values()) < 3
    user, own, key = (host.machine.shell(f"id {text}").strip() for text in ("-u slipway-app", "-u slipway-front", "-g slipway-front"))
    front, app = (status_of(host, name) for name in ("front", host.tool("status")["live"]["colour"]))
    assert (set(front["Uid"].split()), set(app["Uid"].split())) == ({own}, {user})
    assert (int(front["CapEff"], 16), int(app["CapEff"], 16)) == (1 << 10, 0)  # CAP_NET_BIND_SERVICE alone, and nothing
    assert key in front["Gid"].split()
    assert key not in [*app["Groups"].split(), *app["Gid"].split()]
    assert front["NoNewPrivs"] == app["NoNewPrivs"] == "1"


def test_killed_processes_come_back(host: ManagedHost, manager: str, say: Callable[[str], None]) -> None:
    launch(host, manager)
    live = host.tool("status")["live"]["colour"]
    victims: dict[str, Callable[[], str]] = {
        "a worker of the application server": lambda: worker(host, live),
        "the application server's master": lambda: str(host.pid(live)),
        "a worker of the front server": lambda: worker(host, "front"),
        "the front server's master": lambda: str(host.pid("front")),
        "an extra process": lambda: str(host.pid(f"{live}-worker")),
    }
    if manager == "supervisor":
        victims["supervisord"] = lambda: host.machine.read("/run/slipway/shop/supervisord.pid").decode().strip()
    for name, which in victims.items():
        with Asking(host) as asking:
            time.sleep(0.5)
            pid = which()
            host.machine.shell(f"kill -9 {pid}")
            # before another one is there in its place, what it leaves may still answer
            host.machine.wait_for(partial(replaced, host, which, pid), bool)
            time.sleep(1.5)
            bad = len(asking.wrong)
            time.sleep(0.5)
            assert len(asking.wrong) == bad
        say(f"{manager}, kill -9 of {name}: {asking}")
        assert all(host.states()[one] == "running" for one in (live, "front", f"{live}-worker"))


def test_reboot(host: ManagedHost, manager: str, say: Callable[[str], None]) -> None:
    launch(host, manager)
    before = host.get()
    host.machine.reboot()
    began = time.monotonic()
    host.tool("boot")
    assert host.get() == before
    say(f"{manager}, serves {time.monotonic() - began:.1f} s after a reboot of its host")
    only_one_manages(host, manager)
    host.tool("halt")
    assert host.machine.shell("pgrep -u slipway-app || true") == ""
    host.tool("boot")
    assert host.get() == before


def test_a_release_for_the_other_manager_is_refused(host: ManagedHost, manager: str) -> None:
    launch(host, manager)
    before = host.get()
    unlike = host.publish(time.monotonic_ns(), other(manager), processes=PROCESSES)
    refused = host.tool("prepare", "9", unlike, "--elected", check=False)
    assert f"slipway:manager: wanted {other(manager)}, found this host laid out with {manager}" in refused["message"]
    host.tool("abort", "10")
    assert host.get() == before
    only_one_manages(host, manager)


def test_what_a_release_breaks_is_undone(host: ManagedHost, manager: str) -> None:
    launch(host, manager)
    before = host.get()
    bad = host.publish(0, manager, source=APP + REFUSES_THE_FRONT, processes=PROCESSES, health={"path": "/", "host": "a.b", "timeout": 10})
    host.prepare(bad)
    assert host.tool("commit", "9", bad, check=False)["message"].endswith("found 500 'no'")
    assert host.get() == before
    only_one_manages(host, manager)


_REMOVE = """
import sys
sys.path.insert(0, "/opt/slipway/host.pyz")
from pathlib import Path
from host.base import places; from host.processes import managers
managers.of(places.load(Path("/"))).remove("{name}")
"""
