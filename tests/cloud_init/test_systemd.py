"""systemd's own tools take the units, and say how exposed they are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cloud_init.host_files import HostFileError
from cloud_init.managers.systemd import units

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine")


def written(folder: Path) -> list[Path]:
    paths = []
    for file in units("shop", "www-data"):
        path = folder / Path(file.path).name
        path.write_text(file.content)
        paths.append(path)
    return paths


def test_verified(tmp_path):
    paths = written(tmp_path)
    for path in paths:
        # the instance of a template has a name
        named = path.rename(path.with_name(path.name.replace("@.", "@blue-worker.")))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(named)], capture_output=True, text=True, check=False)
        said = [line for line in done.stderr.splitlines() if "slipway" in line]
        assert done.returncode == 0, done.stderr
        assert said == []


def test_a_wrong_directive_is_noticed(tmp_path):
    path = written(tmp_path)[0]
    path.write_text(path.read_text().replace("KillMode=mixed", "KillMod=mixed"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True, check=False)
    assert "Unknown key" in done.stderr


@pytest.mark.parametrize(("number", "most"), [(0, 3.0), (1, 2.0)])
def test_exposure(tmp_path, number, most, capsys):
    path = written(tmp_path)[number]
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level for (\S+): ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    with capsys.disabled():
        print(f"\n{found[0]}")
    assert float(found[2]) <= most


@pytest.mark.parametrize(("app", "user"), [("shop\nUser=root", "www-data"), ("shop", "www data"), ("", "a"), ("shop", "-a")])
def test_odd_names_are_refused(app, user):
    with pytest.raises(HostFileError, match="wanted a name"):
        units(app, user)
