"""A database cluster of this host: its folder, passwords and program; and the agent of a release
(files/database/agent.py), by which databases are asked."""

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any, Optional

from ...base import Places, Refused, as_user, give, make_folder, note, private, processes, read_object, read_text, sync, write, write_json
from ...contracts.manifest import Manifest
from ...processes.managers import Manager
from ...processes.programs import Program
from ...release import environment
from . import APP, OWNER, network

ADMIN = "admin"
_ADDRESS = re.compile(r"(127\.0\.0\.\d{1,3}):(\d{1,5})\n")
_STARTING = 60  # seconds that it may take after a crash
_PATIENCE = 10  # seconds until an agent that was told to end is killed


class Cluster(ABC):
    """Data in `srv/slipway/APP/data/ENGINE`, a unix socket in RUN; a port for this host's apps, or
    for other hosts. The database's user runs it."""

    engine = ""
    port = 0  # the engine's usual one
    stop_signal = "TERM"
    reload = ""  # the master's statement that puts rules and certificate in force; no connection ends

    def __init__(self, places: Places) -> None:
        self.places = places
        self.user = places.database_user
        self.data, self.socket_folder = places.srv / "data" / self.engine, places.run / "database"
        self._record = self.socket_folder / f"{self.engine}.json"
        self._passwords = places.srv / "data/passwords" / self.engine  # beside the data: whoever keeps one needs the other

    @property
    def network(self) -> Optional[network.Network]:
        """The address where it listens for other hosts; None: nowhere."""
        return network.read(self.places)

    @property
    def address(self) -> Optional[tuple[str, int]]:
        """Host and port for apps of this host, which the socket is quicker for; None: it has none
        before its next start, or listens for other hosts. A container has a name for the others."""
        if site := self.places.facts.containers:
            return f"{site.site}-{self.engine}", self.port
        found = _ADDRESS.fullmatch(read_text(self._passwords / "address"))
        return (found[1], int(found[2])) if found and not self.network else None

    @property
    def bound(self) -> Optional[tuple[str, int]]:
        """That address as the server takes it; in a container all that there are."""
        return ("0.0.0.0", self.port) if self.places.facts.containers else self.address

    @property
    @abstractmethod
    def socket(self) -> Path:
        """The unix socket where it listens."""

    @property
    def binaries(self) -> Path:
        folder = self.places.database_binaries.get(self.engine)
        if not folder:
            raise Refused(f"slipway:database.engine: wanted {self.engine}'s programs on this host, found none; see `./slipway doctor`")
        return Path(folder)

    @abstractmethod
    def url(self, role: str) -> str:
        """The role's address over the socket."""

    def password(self, role: str) -> str:
        """The role's password, made once. The app's is readable by the app's user alone."""
        noted = read_object(self._passwords / f"{role}.json").get("password")
        if not noted:
            noted = secrets.token_hex(24)
            self.set_password(role, noted)
        return str(noted)

    def set_password(self, role: str, password: str) -> None:
        """Notes the password; `grant` puts it in force."""
        path = self._passwords / f"{role}.json"
        self._passwords.mkdir(parents=True, exist_ok=True)
        for folder in (self._passwords, self._passwords.parent):
            folder.chmod(0o711)
        write_json(path, {"password": password}, 0o400)
        if role == APP:
            give(path, self.places.user)

    def settle(self) -> None:
        """Notes where it will listen on the loopback interface, unless it runs: where it did, if
        that is free, else at the usual port, since many apps name none. Of that port each host has
        254, and clusters of several apps share them."""
        if self.network or self.places.facts.containers or processes.recorded(self._record):
            return
        usual = [(f"127.0.0.{last}", port) for port in range(self.port, self.port + 9) for last in range(1, 255)]
        free = next(filter(_is_free, [self.address or usual[0], *usual]), None)
        if free and free not in (self.address, usual[0]):
            note(f"{self.engine} listens on {free[0]}:{free[1]}, as {usual[0][0]}:{self.port} is taken")
        write(self._passwords / "address", "{}:{}\n".format(*free).encode() if free else b"")

    def create(self) -> None:
        """Makes the cluster under another name and renames it: none, or a whole one."""
        for left in self.data.parent.glob(f".{self.engine}.*.part"):
            shutil.rmtree(left, ignore_errors=True)  # what a killed run started may still be at it; then the next run removes the rest
        if self.data.is_dir():
            return
        note(f"making a new {self.engine} cluster")
        make_folder(self.data.parent)
        part = private(self.data.with_name(f".{self.engine}.{os.getpid()}.part"), self.user, 0o700)
        try:
            for role in (ADMIN, OWNER, APP):
                self.password(role)
            self.initialise(part)
            part.rename(self.data)
            sync(self.data.parent)  # else a power cut takes the name back, and the data are made anew
        finally:
            shutil.rmtree(part, ignore_errors=True)  # gone by now, or half of a cluster on a disk that may be full

    def start(self, manager: Manager) -> None:
        """Starts it, waits for connections. Raises `Refused` with its words if it ends."""
        log = manager.log_from_now(self.engine)
        self.settle()
        # A private address may come a moment after the rest at boot: hence the retries.
        retries, account = 20 if self.network else 3, "database_user"
        manager.add(Program(self.engine, stop_signal=self.stop_signal, account=account, always=True, retries=retries, priority=100))
        deadline = time.monotonic() + _STARTING
        while not self._takes_connections():
            self.settle()  # another may have been quicker: then the next try is elsewhere
            ended = manager.status(self.engine).over
            if ended or time.monotonic() > deadline:
                lines = log(20)
                raise Refused(f"{self.engine} {'ended as it started' if ended else 'does not start'}: {_telling(lines)}", log=lines)
            time.sleep(0.05)

    def _takes_connections(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return not probe.connect_ex(str(self.socket))

    @abstractmethod
    def initialise(self, folder: Path) -> None:
        """Fills an empty folder."""

    @abstractmethod
    def command(self) -> list[str]:
        """The server, in the foreground."""

    def launch(self) -> list[str]:
        """The server's command as a manager starts it."""
        return self.command()

    def is_outdated(self) -> bool:
        """Whether the running server was started with other settings than it would be now."""
        words = processes.command_line(processes.recorded(self._record) or 0)
        return bool(words) and words.rstrip("\0").split("\0") != self.command()

    @abstractmethod
    def grant(self, agent: "Agent", patience: float) -> None:
        """Makes roles, the app's database and rights, as often as it is called. `agent` stays
        connected to the app's database as its master."""

    @abstractmethod
    def shut_out(self, out: bool) -> list[str]:
        """The master's statements that end the app's connections and keep it out, or let it in."""

    def run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Runs a program of the engine as the cluster's user. Raises `Refused`."""
        path = f"{self.binaries}:/usr/local/bin:/usr/bin:/bin:/usr/sbin"
        environment = {"PATH": path, "HOME": "/", "LC_ALL": "C.UTF-8", **options.pop("env", {})}
        done = subprocess.run(command, env=environment, cwd="/", stderr=subprocess.PIPE, check=False, **as_user(self.user), **options)
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").splitlines()
            raise Refused(f"{os.path.basename(command[0])} ended with {done.returncode}: {_telling(lines)}", log=lines[-20:])
        return done


def _is_free(address: tuple[str, int]) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: old connections are in nobody's way
        probe.bind(address)
        return True
    return False


def _telling(lines: list[str]) -> str:
    """The first line that names an error: those after it follow from it."""
    named = [line for line in lines if re.search(r"\b(fatal|panic|error)\b", line, re.IGNORECASE)]
    return (named or lines[-1:] or ["it said nothing"])[0].strip()


class Agent:
    """`with Agent(…) as agent: agent.ask("schema")`. Passwords go through the pipe alone."""

    def __init__(self, places: Places, manifest: Manifest) -> None:
        folder = places.release(manifest.id)
        if not manifest.id or not folder.is_dir():
            raise Refused("database: wanted a release on this host to ask it with, found none; run `./slipway up` first")
        python = environment.drivers(places, manifest) / "bin/python"
        command = [str(python), str(folder / "files/database/agent.py")]
        user = places.release_user if places.facts.release_user else None  # elsewhere the app could trace it
        pipe = subprocess.PIPE
        # Unbuffered: what an agent that has ended did not read must not be written once more.
        self._process: Any = subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, cwd="/", **as_user(user))

    @property
    def pipe(self) -> int:
        """The descriptor of its questions: it ends when no process holds that any more."""
        return int(self._process.stdin.fileno())

    def __enter__(self) -> "Agent":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):  # it has ended already
            self._send({"do": "end"})  # closing its input is not enough: a child of the release command may hold the pipe
        try:
            self._process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """The agent's answer to one question. Raises `Refused` with the database's own words."""
        with contextlib.suppress(BrokenPipeError):  # the missing answer is told of below
            self._send({"do": do, **values})
        line = self._process.stdout.readline()
        if not line:
            words = self._process.stderr.read().decode("utf-8", "replace").splitlines()
            code = self._process.wait()
            ended = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
            raise Refused(f"database, {do}: wanted an answer of its agent, found that it {ended}; run it again", log=words[-20:])
        answer: dict[str, Any] = json.loads(line)
        if not answer["ok"]:
            raise Refused(f"database, {do}: {answer['error']}")
        return answer

    def _send(self, question: dict[str, Any]) -> None:
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
