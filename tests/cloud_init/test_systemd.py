"""systemd units: taken by systemd itself, the same promises as Supervisor's programs, little exposed."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cloud_init.host.programs import Program
from cloud_init.host_files import Front, HostFileError, WebHost
from cloud_init.managers import Machine, systemd

HOST = WebHost("wsgi:app")
MACHINE = Machine("shop", "www-data")
UNITS = ["slipway-shop@.service", "slipway-shop-process@.service", "slipway-shop-front.service"]
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine")


def unit(name: str, host: WebHost = HOST, machine: Machine = MACHINE) -> str:
    return next(file.content for file in systemd.files(host, machine) if file.path == f"etc/systemd/system/{name}")


def service(name: str, host: WebHost = HOST) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit(name, host))
    return dict(parser["Service"])


@needs_systemd
@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_systemd_takes_them(front: str, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in UNITS]
    for path in paths:
        path.write_text(unit(path.name, WebHost("wsgi:app", front=Front(front))))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, paths)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "slipway" not in done.stderr


@needs_systemd
def test_exposure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {}
    for name in UNITS:
        path = tmp_path / name
        path.write_text(unit(name))
        command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)]
        words = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        found[name] = float(re.search(r"Overall exposure level for .*: ([\d.]+)", words)[1])  # type: ignore[index]
    with capsys.disabled():
        print("\nexposure (0 to 10):", found)
    assert found["slipway-shop@.service"] == found["slipway-shop-process@.service"] < 2
    assert found["slipway-shop-front.service"] < 4


def test_the_same_promises_as_supervisors_programs() -> None:
    template = (Path(systemd.__file__).parents[1] / "host/program.conf").read_text()
    promised = dict(line.split("=", 1) for line in template.splitlines() if "=" in line)
    for name in UNITS:
        assert service(name)["TimeoutStopSec"] == promised["stopwaitsecs"]
        assert service(name)["KillMode"] == "mixed"
        assert service(name)["StandardOutput"].startswith("append:/var/log/slipway/shop/")
    colour, process, front = map(service, UNITS)
    assert (colour["KillSignal"], colour["Restart"], colour["User"]) == ("SIG" + Program("blue").stop_signal, "on-failure", "www-data")
    assert (process["KillSignal"], process["Restart"], process["User"]) == ("SIGTERM", "always", "www-data")
    assert (front["KillSignal"], front["Restart"], front.get("User")) == ("SIGQUIT", "on-failure", None)
    assert colour["ExecStart"] == "/usr/bin/python3 -I /opt/slipway/host.pyz --root / launch %i"
    assert service(UNITS[2], WebHost("a:b", front=Front("apache")))["KillSignal"] == "SIGWINCH"


@pytest.mark.parametrize("user", ["www-data\nExecStart=/bin/sh", "%u", "a b", "$HOME", ""])
def test_hostile_text_is_refused(user: str) -> None:
    with pytest.raises(HostFileError):
        systemd.files(HOST, Machine("shop", user))
