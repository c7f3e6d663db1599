"""The target docker on a real engine: nothing but an engine shows what its containers do."""

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from load import Load
from planted import PLANTED, told
from speeds import examples

from tools.testing import is_here

from .docker_engine import EngineHere, OnEngine
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
    with Load(project.port, (project.engine.address,), path="/healthz", clients=20) as load:
        for number in range(examples(20, 3)):
            edit(project, number)
            with load.flip(f"release {number}"):
                project.up()
        while load.sent < examples(50_000, 5_000):
            time.sleep(1)
        live = next(name for name in project.names() if name.endswith(("-blue", "-green")))
        deadline = time.monotonic() + 60
        while (health := project.engine.ask("inspect", "--format", "{{.State.Health.Status}}", live).strip()) == "starting":
            assert time.monotonic() < deadline
            time.sleep(1)
        assert health == "healthy"
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
        names = [f"showcase-dev-{name}" for name in ("front", "blue", database)]
        engine.ask("stop", *names)
        for name in names:  # as a machine may start them: what is needed comes last
            engine.ask("start", name)
        print(f"started in reverse: serving after {project.back():.1f} s")
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


def test_another_front(project: OnEngine, capsys: pytest.CaptureFixture[str]) -> None:
    """The container that comes has the stop signal of its own kind, which the one that still serves in it doesn't know."""
    project.up()
    words = ["curl", "-s", "-m", "20", "-o", "/dev/null", "-w", "%{http_code} %{exitcode}"]
    words.append(f"http://{project.engine.address}:{project.port}/api/slow?seconds=1")
    for kind in ("apache", "nginx"):
        assert project.run("config", "set", "slipway:front", kind).returncode == 0
        answers: Counter[str] = Counter()
        with ThreadPoolExecutor(5) as pool:
            done = pool.submit(project.run, "up", "--yes")

            def ask(done: "Future[Any]" = done, answers: "Counter[str]" = answers) -> None:
                while not done.done():
                    answers[subprocess.run(words, capture_output=True, text=True, check=False).stdout] += 1

            for _ in range(4):
                pool.submit(ask)
        said = done.result()
        with capsys.disabled():
            print(f"\nto {kind}: {dict(answers)}", *re.findall(r".*(?:commit|front).*", said.stdout), sep="\n")
        assert said.returncode == 0, said.stdout + said.stderr
        assert project.get()[0] == 200
        # Refused (7) while there is no front is the price; one cut in the middle (52, 56) isn't.
        assert set(answers) <= {"200 0", "000 7"}


def test_kills(project: OnEngine, capsys: pytest.CaptureFixture[str]) -> None:
    """Main processes, the engine stopped and killed: all of it is back by itself, and a release goes out after it."""
    project.up()
    seconds = {}
    for program in ("front", "blue"):
        os.kill(project.pid(program), signal.SIGKILL)
        seconds[f"kill -9 of {program}"] = project.back()
    for how in (signal.SIGTERM, signal.SIGKILL):
        project.engine.end(how)
        time.sleep(2)  # as systemd waits
        project.engine.start()
        seconds[f"engine ended by {how.name}, from when it answers"] = project.back()
    with capsys.disabled():
        print("", *(f"{name}: serving after {took:.1f} s" for name, took in seconds.items()), sep="\n")
    edit(project, 1)
    project.up()


def test_a_deployer_killed_at_each_step(project: OnEngine, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody fails a request, and the next `up` ends what the last one began."""
    project.up()
    steps: list[str] = []
    with Load(project.port, (project.engine.address,), path="/healthz", clients=8) as load:
        while True:
            edit(project, len(steps))
            if not (step := kill_at(project, len(steps))):
                break
            steps.append(step)
        project.up()
        assert len(project.names()) == 2
    with capsys.disabled():
        print("", *steps, f"{load.sent} requests, {len(load.failures)} failed", sep="\n")
    assert len(steps) > 10
    assert load.failures == []


def kill_at(project: OnEngine, number: int) -> str:
    """Kills an `up` when it says its line of that number; that line, or nothing where it has fewer."""
    command = ["nsenter", f"--net=/run/netns/{project.engine.namespace}", project.interpreter, "-u", "-m", "ops", "up", "--yes"]
    with subprocess.Popen(
        command, cwd=project.folder, env=project.environment, stdout=-1, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        for at, line in enumerate(process.stdout):
            if at == number:
                os.killpg(process.pid, signal.SIGKILL)
                return line.rstrip()
        assert process.wait() == 0
    return ""


def test_two_deployers_at_once(project: OnEngine) -> None:
    """One after the other, or one is told whose turn it is; nobody fails a request."""
    project.up()
    other = project.checkout()
    edit(project, 1)
    edit(other, 2)
    with Load(project.port, (project.engine.address,), path="/healthz", clients=8) as load, ThreadPoolExecutor() as pool:
        done = [*pool.map(lambda one: one.run("up", "--yes"), (project, other))]
    print(*(one.stdout + one.stderr for one in done))
    assert load.failures == []
    assert 0 in [one.returncode for one in done]
    assert all("Traceback" not in one.stderr for one in done)
    project.up()
    other.remove()


def test_wrong_settings_and_engines(engine: EngineHere, tmp_path: Path) -> None:
    """A line each, and nothing half made."""
    project = OnEngine(engine, docker={"host": f"unix://{tmp_path}/none.sock"})
    project.take_example("")
    try:
        done = project.run("up", "--yes")
        assert done.returncode == 3
        assert done.stderr.count("\n") == 1
        assert "start it, or see `docker context ls`" in done.stderr
    finally:
        project.remove()


def test_a_port_that_is_taken_and_an_image_that_cannot_be_built(project: OnEngine) -> None:
    """A line each, the log of the build with it; once it is mended the next `up` serves."""
    taken = project.engine.serve("python3", "-m", "http.server", str(project.port))
    time.sleep(1)
    done = project.run("up", "--yes")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "end what listens there, or set slipway:docker.port" in done.stderr
    taken.terminate()
    taken.wait()
    file = project.app / "requirements.txt"
    good = file.read_text()
    file.write_text(good + "slipway-no-such-package-anywhere==1.0\n")
    done = project.run("up", "--yes")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "slipway-no-such-package-anywhere" in done.stderr
    file.write_text(good)
    project.up()
    assert project.get()[0] == 200


def test_a_full_disk(tmp_path: Path) -> None:
    """A release that has no room is refused in a line, nobody fails a request, and with room the next `up` serves it.
    What the engine's own programs say then, and leave behind, no other test can show."""
    with Network() as network:
        engine = EngineHere(network, tmp_path / "engine", size=4 << 30)
        project = OnEngine(engine)
        project.take_example("")
        try:
            project.up()
            before, filler = project.get()[1], str(engine.folder / "data/filler")
            (project.app / "large.bin").write_bytes(os.urandom(64 << 20))
            free = int(engine.inside("df", "--output=avail", "-B1", str(engine.folder / "data")).split()[1])
            engine.inside("fallocate", "-l", str(free - (32 << 20)), filler)
            with Load(project.port, (engine.address,), path="/healthz", clients=8) as load:
                done = project.run("up", "--yes")
                print(done.stdout, done.stderr)
                assert (done.returncode, "Traceback" in done.stderr, project.get()[1]) == (1, False, before)
                assert "o space left" in done.stdout + done.stderr
                engine.inside("rm", filler)
                project.up()
            assert load.failures == []
            assert project.get()[1] not in ("", before)
        finally:
            done = project.run("destroy", "--yes", "--with-data", "showcase")
            project.remove()
            engine.stop()
        assert done.returncode == 0, done.stdout + done.stderr
