"""A real Docker engine in a network namespace of its own, with a base image of this machine's making."""

import os
import signal
import subprocess
import time
from contextlib import suppress
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

_ALONE = "mount -t tmpfs none /run && mkdir /run/sshd && echo there && exec sleep infinity"
_REGISTRY = """version: 0.1
storage: {{filesystem: {{rootdirectory: {0}/data}}}}
http: {{addr: ":5000"}}
auth: {{htpasswd: {{realm: test, path: {0}/users}}}}
"""


class EngineHere:
    """Debian's engine with a /run of its own; `address` is where published ports answer. `stop()` leaves nothing."""

    def __init__(self, network: Network, folder: Path, name: str = "engine", size: int = 0) -> None:
        """`size`: bytes of a disk of its own for all that the engine keeps."""
        self.folder, self.network = folder, network
        folder.mkdir(parents=True, exist_ok=True)
        machine = network.stranger(name)
        self.namespace, self.address = machine.namespace, machine.address
        self.socket = folder / "docker.sock"
        self.host = f"unix://{self.socket}"
        alone = ["nsenter", f"--net=/run/netns/{self.namespace}", "unshare", "--mount", "sh", "-c", _ALONE]
        self._machine = subprocess.Popen(alone, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self._machine.stdout
        assert self._machine.stdout.readline() == b"there\n"
        self._served: list[subprocess.Popen[bytes]] = []
        if size:
            with (folder / "disk").open("wb") as disk:
                disk.truncate(size)
            run(["mkfs.ext4", "-q", str(folder / "disk")])
            (folder / "data").mkdir()
            self.inside("mount", "-o", "loop", str(folder / "disk"), str(folder / "data"))
        self.start()
        self._make_base()

    def serve(self, *words: str) -> "subprocess.Popen[bytes]":
        """A program of that machine, ended with it; what it says is in the log."""
        with (self.folder / "log").open("ab") as log:
            command = ["nsenter", f"--target={self._machine.pid}", "--net", "--mount", *words]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self._served.append(process)
        return process

    def inside(self, *words: str) -> str:
        """What a program of that machine says."""
        return run(["nsenter", f"--target={self._machine.pid}", "--net", "--mount", *words]).stdout

    def start(self) -> None:
        """Returns when it answers."""
        known = ["--insecure-registry", self.network.prefix, "--data-root", f"{self.folder}/data"]
        self.process = self.serve("dockerd", *known, "-H", self.host, "-H", "unix:///run/docker.sock", "--group", "root")
        deadline = time.monotonic() + 60
        while run(self.command("version"), check=False).returncode:
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.1)

    def end(self, how: signal.Signals) -> None:
        """The engine alone ends; with SIGKILL its containers run on."""
        self.process.send_signal(how)
        self.process.wait()

    def serve_ssh(self) -> Path:
        """Lets this user in as root; a folder with a program `ssh` that knows the machine."""
        place = self.folder / "ssh"
        place.mkdir()
        for name in ("host", "user"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)])
        settings = {"HostKey": place / "host", "AuthorizedKeysFile": place / "user.pub", "UsePAM": "no", "StrictModes": "no",
                    "PidFile": "none", "PermitRootLogin": "yes", "MaxStartups": 50}  # fmt: skip
        (place / "config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self._sshd = self.serve("/usr/sbin/sshd", "-D", "-e", "-f", str(place / "config"))
        (place / "bin").mkdir()
        options = f"-i {place}/user -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile={place}/known -o LogLevel=ERROR"
        (place / "bin/ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh {options} "$@"\n')
        (place / "bin/ssh").chmod(0o755)
        return place / "bin"

    def cut_ssh(self) -> None:
        """Every connection breaks; new ones are taken."""
        for child in Path(f"/proc/{self._sshd.pid}/task/{self._sshd.pid}/children").read_text().split():
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(int(child), signal.SIGKILL)

    def serve_registry(self, user: str, password: str) -> "subprocess.Popen[bytes]":
        """At port 5000, for those who have the password; what it keeps is in the folder `registry`."""
        place = self.folder / "registry"
        place.mkdir(exist_ok=True)
        (place / "users").write_text(run(["htpasswd", "-nbB", user, password]).stdout)
        (place / "config.yml").write_text(_REGISTRY.format(place))
        process = self.serve("docker-registry", "serve", str(place / "config.yml"))
        deadline = time.monotonic() + 60
        while run(["curl", "-s", f"http://{self.address}:5000/v2/"], check=False).returncode:
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.1)
        return process

    def command(self, *words: str) -> list[str]:
        return ["docker", "--host", self.host, *words]

    def ask(self, *words: str) -> str:
        """What docker's client says."""
        return run(self.command(*words)).stdout

    def stop(self) -> None:
        """Every container ends, then the engine; its folder is the test's."""
        if names := self.ask("ps", "--all", "--quiet").split():
            run(self.command("rm", "--force", "--volumes", *names))
        for process in [*self._served[::-1], self._machine]:
            process.terminate()
            process.wait()

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

    def __init__(self, engine: EngineHere, docker: dict[str, Any] | None = None, client: EngineHere | None = None, **config: Any) -> None:
        """`client`: the engine that docker's client has by itself, on whose machine commands run."""
        super().__init__()
        self.engine, self.client = engine, client or engine
        self.environment["DOCKER_HOST"] = self.client.host
        self.environment["PULUMI_CONFIG_PASSPHRASE"] = "of the test"
        given: dict[str, Any] = {
            "target": "docker",
            "app": {"name": "showcase", "path": "./app", "healthPath": "/healthz", "static": {"/static": "showcase/static"},
                    "releaseCommand": "flask db upgrade"},
            "database": {"engine": "sqlite"},
            "docker": {"host": engine.host, "base": IMAGE, "port": self.port, "public": True, **(docker or {})},
        }  # fmt: skip
        self.write_config({**given, **config})

    def run(self, *arguments: str, timeout: float = 600, **options: Any) -> subprocess.CompletedProcess[str]:
        prefix = ["nsenter", f"--net=/run/netns/{self.client.namespace}"]
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
