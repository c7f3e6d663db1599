"""A real sshd on this machine's loopback, with keys of its own."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import ports

from components.ssh.connection import Login

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Sshd:
    """`bin`: programs there come before the system's; `folder` holds keys and log."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "bin"
        self.port = ports.free()
        self.bin.mkdir()
        for name in ("host", "user"):
            self.make_key(name)
        (folder / "authorized_keys").write_bytes((folder / "user.pub").read_bytes())
        self.process: subprocess.Popen[bytes] | None = None

    def make_key(self, name: str, kind: str = "ed25519") -> None:
        (self.folder / name).unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(self.folder / name)], check=True)

    def program(self, name: str, script: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    @property
    def line(self) -> str:
        return f"[127.0.0.1]:{self.port} {' '.join((self.folder / 'host.pub').read_text().split()[:2])}"

    @property
    def login(self) -> Login:
        """With the host's key pinned."""
        return Login(
            "one",
            "127.0.0.1",
            self.port,
            getpass.getuser(),
            str(self.folder / "user"),
            str(self.empty),
            (self.line,),
            False,
            str(self.noted),
        )

    def unpinned(self, **changes: Any) -> Login:
        return replace(self.login, host_keys=(), **changes)

    @property
    def empty(self) -> Path:
        path = self.folder / "known_hosts"
        path.touch()
        return path

    @property
    def noted(self) -> Path:
        return self.folder / "noted"

    def start(self, **more: Any) -> None:
        settings = {
            "Port": self.port, "ListenAddress": "127.0.0.1", "HostKey": self.folder / "host", "UsePAM": "no", "StrictModes": "no",
            "AuthorizedKeysFile": self.folder / "authorized_keys", "PidFile": "none", "PermitRootLogin": "yes", "MaxStartups": 50,
            "SetEnv": f"PATH={self.bin}:{os.environ['PATH']} HOME={self.folder}",
            **more,
        }  # fmt: skip
        (self.folder / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        assert SSHD
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert time.monotonic() < until, (self.folder / "log").read_text()
            time.sleep(0.02)

    def cut(self) -> None:
        """Every connection breaks; new ones are taken."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in children:
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(int(child), signal.SIGKILL)

    def stop(self) -> None:
        if self.process:
            self.cut()
            self.process.kill()
            self.process.wait()
        self.process = None
