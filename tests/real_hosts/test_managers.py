"""Both managers on a booted host: the same contract, little exposed, back by themselves, and a release that changes one for the other."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from cloud_init import render
from real_hosts.managed import APP, Asking, ManagedHost
from real_hosts.network import Network

MANAGERS = ("supervisor", "systemd")
_DROP_IN = "/etc/systemd/system/slipway-shop-front.service.d"
# The front server can't be started by that manager, and then it can.
BROKEN = {
    "supervisor": ("mv /usr/bin/setpriv /usr/bin/setpriv.away", "mv /usr/bin/setpriv.away /usr/bin/setpriv"),
    "systemd": (f"mkdir {_DROP_IN}; printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' >{_DROP_IN}/a.conf", f"rm -r {_DROP_IN}"),
}
PROCESSES = {"worker": "sh beat.sh"}
REFUSES_THE_FRONT = """
@app.before_request
def refuse():
    if request.headers.get("X-Forwarded-For"):
        return "no", 500
"""


@pytest.fixture(scope="module")
def host() -> Iterator[ManagedHost]:
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
@pytest.mark.parametrize("manager", MANAGERS)
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


@pytest.mark.parametrize("manager", MANAGERS)
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


@pytest.mark.parametrize("manager", MANAGERS)
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


@pytest.mark.parametrize("manager", MANAGERS)
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


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_release_changes_the_manager(host: ManagedHost, manager: str, say: Callable[[str], None]) -> None:
    database = {"engine": "postgres", "placement": "same-host", "driver": render.agent_requirements("postgres")}
    host.roll(host.publish(1, other(manager), processes=PROCESSES, database=database))
    with Asking(host) as quick, Asking(host, "/slow") as slow:
        time.sleep(0.5)
        host.roll(host.publish(2, manager, processes=PROCESSES, database=database))
        time.sleep(1)
    say(f"{other(manager)} to {manager}: {quick}; slow ones: {len(slow.wrong)} of {slow.asked} failed")
    assert quick.lost | slow.lost == set()  # whatever was in hand was finished
    assert quick.pages > 0
    assert quick.longest < 10
    assert {one for one in [*quick.wrong, *slow.wrong] if not one.startswith(("ConnectionRefused", "ConnectionReset"))} == set()
    only_one_manages(host, manager)
    assert host.states()["postgres"] == "running"


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_change_that_fails_is_undone(host: ManagedHost, manager: str) -> None:
    launch(host, other(manager))
    before = host.get()
    bad = host.publish(0, manager, source=APP + REFUSES_THE_FRONT, processes=PROCESSES, health={"path": "/", "host": "a.b", "timeout": 10})
    host.prepare(bad)
    assert host.tool("commit", "9", bad, check=False)["message"].endswith("found 500 'no'")
    assert host.get() == before
    good = host.publish(1, manager, processes=PROCESSES)
    host.tool("abort", "10")
    host.prepare(good)
    breaks, mends = BROKEN[manager]
    host.machine.shell(breaks)
    assert not host.tool("commit", "11", good, check=False)["ok"]
    host.machine.shell(mends)
    host.tool("abort", "12")
    host.machine.wait_for(host.get, before.__eq__)
    only_one_manages(host, other(manager))


@pytest.mark.parametrize("moment", [0.2, 1.5, 3])
def test_a_killed_change_is_finished_by_the_next_run(host: ManagedHost, moment: float) -> None:
    manager = other(in_force(host))
    release = host.publish(time.monotonic_ns(), manager, processes=PROCESSES)
    host.prepare(release)
    command = host.machine._enter(["python3", "/opt/slipway/host.pyz", "--root", "/", "commit", "7", release])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert any("the manager changes" in line for line in run.stdout)
        time.sleep(moment)
        pid = json.loads(host.machine.read("/var/lib/slipway/shop/lock") or b"{}").get("pid")  # nobody's, if it has ended meanwhile
        host.machine.shell(f"kill -9 {pid or ''}", check=False)
    host.commit(release)
    assert host.get().isdigit()
    only_one_manages(host, manager)


_REMOVE = """
import sys
sys.path.insert(0, "/opt/slipway/host.pyz")
from pathlib import Path
from host.base import places; from host.processes import managers
managers.of(places.load(Path("/"))).remove("{name}")
"""
