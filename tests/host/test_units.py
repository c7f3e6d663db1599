"""Units of a server's managers: taken by systemd itself, the same promises as Supervisor's programs, little exposed."""

import configparser
import getpass
import re
import shutil
import subprocess
from pathlib import Path

import documents
import pytest

from cloud_init.host import contracts
from cloud_init.host.base.files import write, write_json
from cloud_init.host.base.outcome import Refused
from cloud_init.host.base.places import Places
from cloud_init.host.contracts.manifest import Manifest
from cloud_init.host.processes import managers
from cloud_init.host.processes.managers import supervisor, systemd
from cloud_init.host.processes.programs import CONSTANT, Program, process
from cloud_init.host.server import provision

NAMES = ("blue", "front", "blue-worker", "postgres")
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine")


def places(root: Path, **facts: object) -> Places:
    usual = {
        "app": "shop", "role": "web", "user": getpass.getuser(), "run": str(root / "run/slipway/shop"), "python": "/usr/bin/python3",
        "supervisor": ["/bin/true"], "front": {"listen": ["0.0.0.0", 80], "binaries": {"nginx": "/bin/true", "apache": "/bin/true"}},
    }  # fmt: skip
    return documents.places(root, {**usual, **facts})


def program(name: str) -> Program:
    known = {one.name: one for one in (*CONSTANT, process("blue", "worker", "celery"))}
    return known.get(name) or Program(name, stop_signal="INT", account="database_user", always=True)


def parsed(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


def service(here: Places, name: str) -> dict[str, str]:
    return parsed(systemd.unit(here, program(name)))["Service"]


def written(here: Places, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """All units there are, in a folder that systemd-analyze reads."""
    said: list[tuple[str, ...]] = []
    monkeypatch.setattr(systemd, "systemctl", lambda *words: said.append(words))
    monkeypatch.setattr(systemd, "call", lambda *words: said.append(words))
    monkeypatch.setattr(systemd, "show", lambda unit, *asked: {"NeedDaemonReload": "yes"})
    here.units = folder
    manager = systemd.Manager(here)
    manager.configure()
    for name in NAMES:
        manager._put(program(name))
    supervisor.Manager(here)._start_unit()
    assert ("daemon-reload",) in said
    return sorted(folder.iterdir())


@needs_systemd
def test_systemd_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "units"
    paths = written(places(tmp_path), folder, monkeypatch)
    assert [path.name for path in paths] == [
        *("slipway-shop-front.service", "slipway-shop-postgres.service", "slipway-shop-process@blue-worker.service"),
        *("slipway-shop-supervisor.service", "slipway-shop.target", "slipway-shop@blue.service", "slipway-shop@green.service"),
    ]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, paths)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "slipway" not in done.stderr


@needs_systemd
def test_exposure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = {}
    for path in written(places(tmp_path, user="www-data"), tmp_path / "units", monkeypatch):
        if path.suffix == ".service":
            command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)]
            words = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            found[path.stem] = float(re.search(r"Overall exposure level for .*: ([\d.]+)", words)[1])  # type: ignore[index]
    with capsys.disabled():
        print("\nexposure (0 to 10):", found)
    assert found.pop("slipway-shop-supervisor") < 2.6
    assert max(found.values()) < 2


def test_the_programs_of_a_manager_are_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = places(tmp_path)
    written(here, tmp_path / "units", monkeypatch)
    (tmp_path / "units/slipway.service").touch()
    assert systemd.Manager(here).programs() == sorted({*NAMES, "green"})


def test_the_same_promises_as_supervisors_programs(tmp_path: Path) -> None:
    here = places(tmp_path, database_user="postgres")
    for name in NAMES:
        theirs = parsed(supervisor.section(here, program(name)))[f"program:{name}"]
        mine = service(here, name)
        assert (mine["TimeoutStopSec"], mine["KillSignal"]) == (theirs["stopwaitsecs"], f"SIG{theirs['stopsignal']}")
        assert mine["KillMode"] == {"true": "control-group", "false": "mixed"}[theirs["stopasgroup"]]
        assert mine["Restart"] == {"true": "always", "unexpected": "on-failure"}[theirs["autorestart"]]
        assert mine["StandardOutput"] == f"append:{theirs['stdout_logfile']}"
        assert mine["ExecStart"] == re.sub(r"^.*setpriv.* -- ", "", theirs["command"])
        assert ("setpriv" in theirs["command"]) is (mine["AmbientCapabilities"] != "") is (name == "front")
        assert mine["User"] == theirs.get("user", getpass.getuser())
    assert service(here, "postgres")["User"] == "postgres"


@pytest.mark.parametrize(("kind", "signal"), [("nginx", "QUIT"), ("apache", "WINCH")])
def test_a_front_finishes_what_it_has_in_hand(tmp_path: Path, kind: str, signal: str) -> None:
    here = places(tmp_path)
    here.front.mkdir(parents=True)
    (here.front / f"{kind}.conf").touch()
    assert service(here, "front")["KillSignal"] == f"SIG{signal}"


@pytest.mark.parametrize("name", ["www-data\nExecStart=/bin/sh", "%u", "$HOME", "a;b", 'a"b', "a\\b", "a b", ""])
def test_hostile_text_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused):
        systemd.unit(places(tmp_path, user=name), program("blue"))


@pytest.mark.parametrize("old", ["yes", "no"])
def test_all_units_are_read_anew_only_where_systemd_has_an_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str) -> None:
    said: list[tuple[str, ...]] = []
    monkeypatch.setattr(systemd, "systemctl", lambda *words: said.append(words) or f"NeedDaemonReload={old}\n")
    here = places(tmp_path)
    assert systemd.put(here, "slipway-shop.service", "[Unit]\n")
    assert said[1:] == ([("daemon-reload",)] if old == "yes" else [])
    said.clear()
    assert not systemd.put(here, "slipway-shop.service", "[Unit]\n")
    assert not said


@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_a_hosts_first_release_says_manager_and_front_server_and_no_others_are_taken(tmp_path: Path, front: str) -> None:
    here, other = places(tmp_path), {"nginx": "apache", "apache": "nginx"}[front]

    def release(manager: str, name: str = "r1", front: str = front) -> Manifest:
        served = [{"path": f"etc/{front}.conf", "content": ""}, {"path": "files/start.py", "content": ""}]
        return documents.manifest(id=name, host={"manager": manager, "packages": {}, "system": {}}, files=served)

    provision.keep(here, release("systemd"))
    provision.keep(here, release("systemd", front=other))  # nothing serves yet
    for note in ("systemd\n", "damaged", None):  # then what serves says it
        if note is None:
            here.manager.unlink()
        else:
            here.manager.write_text(note)
        provision.keep(here, release("systemd", "r2"))
        assert managers.of(here).kind == "systemd"
        with pytest.raises(Refused, match="slipway:manager: wanted supervisor, found this host laid out with systemd; set it to systemd"):
            provision.keep(here, release("supervisor", "r3"))
        write_json(here.release("r1") / "manifest.json", contracts.document(release("systemd")))
        write_json(here.lib / "state.json", {"release": "r1"})
    write(here.release("r1") / f"etc/{front}.conf", b"")
    provision.keep(here, release("systemd", "r4"))
    with pytest.raises(Refused, match=f"slipway:front: wanted {other}, found this host laid out with {front}; set it to {front}, or"):
        provision.keep(here, release("systemd", "r5", other))
