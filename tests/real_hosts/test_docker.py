"""The target docker on a real engine: nothing but an engine shows what its containers do."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from load import Load
from planted import PLANTED, told

from tools.testing import is_here

from .docker_engine import IMAGE, EngineHere, OnEngine
from .network import Network

pytestmark = pytest.mark.skipif(not is_here("dockerd"), reason="no Docker engine here: install docker.io")
DRIVERS = {"sqlite": "", "postgres": "psycopg[binary]==3.3.2\n", "mysql": "pymysql==1.1.2\n"}
SECRET = PLANTED.format("SECRET_KEY")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineHere]:
    with Network() as network:
        made = EngineHere(network, tmp_path_factory.mktemp("engine"))
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture
def project(engine: EngineHere) -> Iterator[OnEngine]:
    """Nothing of it is on the engine afterwards, but images that builds may use again."""
    made = OnEngine(engine)
    made.take_example("")
    kept = made.run("config", "set", "--secret", "--path", "slipway:secretEnv.SECRET_KEY", SECRET)
    assert kept.returncode == 0, kept.stderr
    yield made
    done = made.run("destroy", "--yes", "--with-data", "showcase")
    made.remove()
    assert done.returncode == 0, done.stdout + done.stderr
    assert made.names() == []
    assert engine.ask("volume", "ls", "--quiet").split() == []
    assert "showcase" not in engine.ask("network", "ls") + engine.ask("image", "ls")


def edit(project: OnEngine, number: int) -> None:
    """A release of other code."""
    file = project.app / "showcase/__init__.py"
    file.write_text(re.sub(r"\n# release \d+\n\Z", "", file.read_text()) + f"\n# release {number}\n")


@pytest.mark.family("Docker engines")
def test_releases_under_load(project: OnEngine, capsys: pytest.CaptureFixture[str]) -> None:
    """Launched, released, refused and rolled back; nothing to do where nothing changed; no secret in sight."""
    project.up()
    status, first, _ = project.get()
    assert status == 200
    assert "unchanged" in project.run("preview").stdout
    assert project.names() == ["showcase-dev-blue", "showcase-dev-front"]
    with Load(project.port, (project.engine.address,), path="/healthz", clients=14) as load:
        for number in range(3):
            edit(project, number)
            with load.flip(f"release {number}"):
                project.up()
        last = project.get()[1]
        file = project.app / "showcase/__init__.py"
        good = file.read_text()
        file.write_text(good + "raise RuntimeError('no config')\n")
        refused = project.run("up", "--yes")
        file.write_text(good)
        assert project.get()[1] == last
        back = project.run("rollback")
        assert back.returncode == 0, back.stdout + back.stderr
        assert project.get()[1] not in (first, last)
    with capsys.disabled():
        print("", *load.flips, f"in all {load.sent} requests, {len(load.failures)} failed", sep="\n")
    assert load.failures == []
    assert refused.returncode == 1
    assert "RuntimeError: no config" in refused.stdout + refused.stderr
    assert f"release {last} still serves" in refused.stdout + refused.stderr
    look_for_secrets(project)


def look_for_secrets(project: OnEngine) -> None:
    """In what anybody who may use the engine can look at."""
    ask = project.engine.ask
    seen = {name: ask("inspect", name) for name in project.names()}
    for image in ask("image", "ls", "--quiet", "--filter", "label=slipway.site=showcase-dev").split():
        seen[image] = ask("history", "--no-trunc", image) + ask("image", "inspect", image)
    seen["ps"] = "\n".join(path.read_bytes().replace(b"\0", b" ").decode(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline"))
    seen["logs"] = "".join(ask("logs", name) for name in project.names())
    assert {where: told(text, SECRET) for where, text in seen.items() if told(text, SECRET)} == {}
    for name in project.names():
        found = json.loads(seen[name])[0]
        host = found["HostConfig"]
        assert not host["Privileged"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["RestartPolicy"]["Name"] == "always"
        assert found["Config"]["User"] not in ("", "0", "0:0", "root")
        assert host["Memory"] == 512 << 20


@pytest.mark.parametrize(("database", "front"), [("postgres", "apache"), ("mysql", "nginx")])
def test_databases_backups_and_restore(engine: EngineHere, database: str, front: str) -> None:
    """A database in a container of its own: migrated, saved, emptied and restored with the rows that were there."""
    project = OnEngine(engine, database={"engine": database}, front=front)
    project.take_example(DRIVERS[database])
    try:
        project.up()
        assert project.get()[0] == 200
        assert f"showcase-dev-{database}" in project.names()
        saved = json.loads(project.run("backup", "--json").stdout)
        before = project.get()[2]
        assert project.run("restore", saved["backup"]["id"], "--yes").returncode == 0
        assert project.get() == (200, project.get()[1], before)
        assert project.run("maintenance", "on").returncode == 0
        assert project.get()[0] == 503
        assert project.run("maintenance", "off").returncode == 0
        assert project.get()[0] == 200
        said = project.run("exec", "--", "python", "-c", "import os; print(os.getuid(), os.environ['DATABASE_URL'][:5])").stdout
        assert said.split()[0] == "10001"
    finally:
        done = project.run("destroy", "--yes", "--with-data", "showcase")
        project.remove()
        assert done.returncode == 0, done.stdout + done.stderr


def test_kills(project: OnEngine, capsys: pytest.CaptureFixture[str]) -> None:
    """Main processes: the engine starts them again by itself, and a release goes out after it."""
    project.up()
    seconds = {}
    for program in ("front", "blue"):
        os.kill(project.pid(program), signal.SIGKILL)
        seconds[f"kill -9 of {program}"] = project.back()
    with capsys.disabled():
        print("", *(f"{name}: serving after {took:.1f} s" for name, took in seconds.items()), sep="\n")
    edit(project, 1)
    project.up()


def test_wrong_settings_and_engines(engine: EngineHere, tmp_path: Path) -> None:
    """A line each, and nothing half made."""
    project = OnEngine(engine, docker={"host": f"unix://{tmp_path}/none.sock", "base": IMAGE})
    project.take_example("")
    try:
        done = project.run("up", "--yes")
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "start it, or see `docker context ls`" in done.stderr
    finally:
        project.remove()
