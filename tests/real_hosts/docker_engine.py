"""A real Docker engine in a network namespace of its own, with a base image of this machine's making."""

import subprocess
import time
from pathlib import Path
from typing import Any

from project import Project

from .base import Base
from .commands import run
from .network import Network

IMAGE = "slipway-test/python:slim"
PYTHON = ("python3", "python3-venv", "python3-pip", "ca-certificates")
# pip in a build has to know this machine's authorities; official images have their Python at that place.
DOCKERFILE = """FROM slipway-test/raw
RUN ln -s /usr/bin/python3 /usr/local/bin/python3
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt
"""


class EngineHere:
    """Debian's engine; `address` is where published ports answer. `stop()` leaves nothing."""

    def __init__(self, network: Network, folder: Path, name: str = "engine") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        machine = network.stranger(name)
        self.namespace, self.address = machine.namespace, machine.address
        self.socket = folder / "docker.sock"
        self.host = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None
        self.start()
        self._make_base()

    def start(self) -> None:
        """Returns when it answers."""
        places = [f"--{one}={self.folder / name}" for one, name in (("data-root", "data"), ("exec-root", "exec"), ("pidfile", "pid"))]
        command = ["nsenter", f"--net=/run/netns/{self.namespace}", "dockerd", *places, "-H", self.host, "--group", "root"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 60
        while run(self.command("version"), check=False).returncode:
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.1)

    def command(self, *words: str) -> list[str]:
        return ["docker", "--host", self.host, *words]

    def ask(self, *words: str) -> str:
        """What docker's client says."""
        return run(self.command(*words)).stdout

    def stop(self) -> None:
        """Every container ends, then the engine; its folder is the test's."""
        if names := self.ask("ps", "--all", "--quiet").split():
            run(self.command("rm", "--force", "--volumes", *names))
        assert self.process is not None
        self.process.terminate()
        self.process.wait()
        for line in Path("/proc/mounts").read_text().splitlines():
            if (place := line.split()[1]).startswith(str(self.folder)):
                run(["umount", "--lazy", place], check=False)

    def _make_base(self) -> None:
        """Packed once for all tests, beside the folder that it is made of."""
        root = Base("bookworm", PYTHON).folder()
        packed = root.with_suffix(".tar")
        if not packed.is_file():
            run(["tar", "-C", str(root), "-cf", f"{packed}.new", "."])
            Path(f"{packed}.new").rename(packed)
        self.ask("import", str(packed), "slipway-test/raw")
        (self.folder / "base").mkdir(exist_ok=True)
        (self.folder / "base/Dockerfile").write_text(DOCKERFILE)
        self.ask("build", "--quiet", "--tag", IMAGE, str(self.folder / "base"))


class OnEngine(Project):
    """A project on that engine; its commands run in the engine's network, load comes from outside."""

    port = 8080

    def __init__(self, engine: EngineHere, **config: Any) -> None:
        super().__init__()
        self.engine = engine
        self.environment["PULUMI_CONFIG_PASSPHRASE"] = "of the test"
        given: dict[str, Any] = {
            "target": "docker",
            "app": {"name": "showcase", "path": "./app", "healthPath": "/healthz", "static": {"/static": "showcase/static"},
                    "releaseCommand": "flask db upgrade"},
            "database": {"engine": "sqlite"},
            "docker": {"host": engine.host, "base": IMAGE, "port": self.port, "public": True},
        }  # fmt: skip
        self.write_config({**given, **config})

    def run(self, *arguments: str, timeout: float = 600, **options: Any) -> subprocess.CompletedProcess[str]:
        prefix = ["nsenter", f"--net=/run/netns/{self.engine.namespace}"]
        return super().run(*arguments, timeout=timeout, before=prefix, **options)

    def names(self) -> list[str]:
        """The containers that there are, stopped ones too."""
        return sorted(self.engine.ask("ps", "--all", "--format", "{{.Names}}").split())

    def pid(self, program: str) -> int:
        """The main process of a container."""
        return int(self.engine.ask("inspect", "--format", "{{.State.Pid}}", f"showcase-dev-{program}"))

    def get(self, path: str = "/healthz") -> tuple[int, str, str]:
        """Status, release and body, asked from outside; 0 where nobody answers."""
        done = run(["curl", "-s", "-m", "5", "-D", "-", f"http://{self.engine.address}:{self.port}{path}"], check=False)
        head, _, body = done.stdout.partition("\r\n\r\n")
        fields = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
        return (int(head.split()[1]) if done.returncode == 0 and head else 0), fields.get("x-release-id", ""), body

    def back(self, within: float = 60) -> float:
        """Seconds until it serves."""
        began = time.monotonic()
        while self.get()[0] != 200:
            assert time.monotonic() < began + within, self.engine.ask("ps", "--all")
            time.sleep(0.1)
        return time.monotonic() - began
