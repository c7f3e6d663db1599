"""An engine of another machine, reached by ssh; its images come from a registry. Nothing but two engines shows that."""

import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from load import Load
from planted import PLANTED

from tools.testing import is_here

from .docker_engine import EngineHere, OnEngine
from .network import Network
from .test_docker import edit, look_for_secrets

pytestmark = [
    pytest.mark.skipif(not is_here("dockerd"), reason="no Docker engine here: install docker.io"),
    pytest.mark.skipif(not is_here("docker-registry"), reason="no registry here: install docker-registry"),
]
PASSWORD = PLANTED.format("REGISTRY")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[tuple[OnEngine, EngineHere, "subprocess.Popen[bytes]"]]:
    """A project whose engine is far, the engine that is here, and the registry beside that."""
    with Network() as network:
        engines = [EngineHere(network, tmp_path / name, name) for name in ("near", "far")]
        try:
            near, far = engines
            registry = near.serve_registry("deployer", PASSWORD)
            ssh, name = far.serve_ssh(), f"{near.address}:5000/shop"
            project = OnEngine(far, {"host": f"ssh://root@{far.address}", "registry": name}, near)
            project.environment["PATH"] = f"{ssh}:{project.environment['PATH']}"
            project.take_example("")
            for key, value in (("user", "deployer"), ("password", PASSWORD)):
                kept = project.run("config", "set", "--secret", "--path", f"slipway:secretRegistry.{key}", value)
                assert kept.returncode == 0, kept.stderr
            yield project, near, registry
            done = project.run("destroy", "--yes", "--with-data", "showcase")
            project.remove()
            assert done.returncode == 0, done.stdout + done.stderr
            assert project.names() == []
        finally:
            for engine in engines:
                engine.stop()


def test_built_here_pushed_once_pulled_by_digest(there: tuple[OnEngine, EngineHere, "subprocess.Popen[bytes]"]) -> None:
    """A registry that is away or refuses is told in one line, and a connection that breaks costs no request."""
    project, near, registry = there
    project.up()
    first = project.get()[1]
    name = f"{near.address}:5000/shop"
    assert project.get()[0] == 200
    assert name in project.engine.ask("image", "ls", "--digests", "--format", "{{.Repository}}@{{.Digest}}")
    assert first in near.ask("image", "ls", "--format", "{{.Tag}}", name).split()
    with Load(project.port, (project.engine.address,), path="/healthz", clients=6) as load:
        registry.terminate()
        registry.wait()
        edit(project, 1)
        refused(project, first, "connection refused")
        other = near.serve_registry("deployer", "another")
        refused(project, first, "no basic auth credentials|unauthorized|denied")
        other.terminate()
        other.wait()
        near.serve_registry("deployer", PASSWORD)
        cuts = [threading.Timer(seconds, project.engine.cut_ssh) for seconds in (1.0, 4.0, 8.0)]
        for one in cuts:
            one.start()
        broken = project.run("up", "--yes")
        assert "Traceback" not in broken.stderr
        for one in cuts:
            one.join()
        project.up()
        assert project.get()[1] != first
    print(f"{load.sent} requests, {len(load.failures)} failed; broken off: {broken.returncode}, {broken.stderr[-300:]}")
    assert load.failures == []
    assert project.run("rollback").returncode == 0
    assert project.get()[1] == first
    look_for_secrets(project)
    assert project.run("config", "set", "--path", "slipway:docker.public", "false").returncode == 0
    project.up()  # its port is another machine's own by now, and asked there
    assert project.get()[0] == 0
    within = ["nsenter", f"--net=/run/netns/{project.engine.namespace}", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}"]
    assert subprocess.run([*within, "http://127.0.0.1:8080/healthz"], capture_output=True, text=True, check=False).stdout == "200"
    kept = subprocess.run(["grep", "-rlE", PASSWORD, str(near.folder / "registry/data"), str(project.environment["HOME"])], check=False)
    assert kept.returncode == 1


def refused(project: OnEngine, serves: str, said: str) -> None:
    """One line, and the old release serves."""
    done = project.run("up", "--yes")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    line = next(line for line in done.stderr.splitlines() if "secretRegistry" in line)
    assert re.search(said, line), line
    assert project.get()[1] == serves
