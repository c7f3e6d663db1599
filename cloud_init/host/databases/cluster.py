"""A private database cluster of this host: its folder, its passwords, its program. Engines say how it is made, started and asked."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

from ..files import read_json, write_json
from ..outcome import Refused, note
from ..places import Places
from ..programs import Program
from ..user import as_user, give, private
from .agent import Agent
from .base import APP, OWNER

ADMIN = "admin"


class Cluster:
    """Data in `srv/slipway/APP/data/ENGINE`, a unix socket in RUN, no port. Run by the app's user where root launches."""

    engine = ""
    stop_signal = "TERM"

    def __init__(self, places: Places) -> None:
        self.places = places

    @property
    def data(self) -> Path:
        return self.places.srv / "data" / self.engine

    @property
    def socket_folder(self) -> Path:
        return self.places.run / "database"

    @property
    def program(self) -> Program:
        return Program(self.engine, stop_signal=self.stop_signal, always=True, priority=100)

    @property
    def binaries(self) -> Path:
        found = self.places.facts.get("databases", {}).get(self.engine)
        if not found:
            raise Refused(f"slipway:database.engine: wanted {self.engine}'s programs on this host, found none; see `./slipway doctor`")
        return Path(found)

    def url(self, role: str) -> str:
        """The role's address over the socket."""
        raise NotImplementedError

    def password(self, role: str) -> str:
        """Made once. The app's is readable by the app's user alone, the others by whoever runs this tool."""
        folder = self.places.srv / "data/passwords" / self.engine  # beside the data: whoever keeps one needs the other
        path = folder / f"{role}.json"
        noted = read_json(path)
        if isinstance(noted, dict) and noted.get("password"):
            return str(noted["password"])
        folder.mkdir(parents=True, exist_ok=True)
        for passed in (folder, folder.parent):
            passed.chmod(0o711)
        write_json(path, {"password": secrets.token_hex(24)}, 0o400)
        if role == APP:
            give(path, self.places.user)
        return self.password(role)

    def create(self) -> None:
        """Makes the cluster beside and renames it: a kill leaves none or a whole one."""
        self.socket_folder.mkdir(parents=True, exist_ok=True)
        private(self.socket_folder, self.places.user, 0o750)
        if self.data.is_dir():
            return
        note(f"making a new {self.engine} cluster")
        self.data.parent.mkdir(parents=True, exist_ok=True)
        part = self.data.with_name(f".{self.engine}.part")
        shutil.rmtree(part, ignore_errors=True)
        private(part, self.places.user, 0o700)
        for role in (ADMIN, OWNER, APP):
            self.password(role)
        self.initialise(part)
        part.rename(self.data)

    def initialise(self, folder: Path) -> None:
        """Fills an empty folder."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """The server, in the foreground."""
        raise NotImplementedError

    def grant(self, agent: Agent, patience: float) -> None:
        """Roles, the app's database and who may do what: the same every time."""
        raise NotImplementedError

    def run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Runs one of the engine's programs as the user of the cluster. Raises `Refused` with its words."""
        base = {"PATH": f"{self.binaries}:/usr/local/bin:/usr/bin:/bin:/usr/sbin", "HOME": "/", "LC_ALL": "C.UTF-8"}
        environment = {**base, **options.pop("env", {})}
        done = subprocess.run(
            command, env=environment, cwd="/", stderr=subprocess.PIPE, check=False, **{**as_user(self.places.user), **options}
        )  # fmt: skip
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").splitlines()
            raise Refused(
                f"{os.path.basename(command[0])} ended with {done.returncode}: {(lines or ['it said nothing'])[-1]}", log=lines[-20:]
            )
        return done
