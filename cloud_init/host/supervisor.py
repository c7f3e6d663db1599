"""Supervisor on this host: its configuration, its start, and its programs over its own socket."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import time
import xmlrpc.client
from pathlib import Path
from typing import Any

from . import processes
from .files import tail, write
from .outcome import Refused
from .places import Places
from .programs import CONSTANT, Program, escaped, fill, section

_ANOTHER = 3  # seconds that another supervisord may take to answer


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float = 10) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return UnixConnection(self._path, timeout=60)


class Supervisor:
    """The supervisor of one app on this host."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._record = places.lib / "processes/supervisord.json"

    @property
    def pid(self) -> int | None:
        """The running supervisord, known by pid and start time; one that a killed run started and could not note is adopted."""
        noted = processes.recorded(self._record)
        if noted is None and self.answers():
            self._adopt()
            return processes.recorded(self._record)
        return noted

    def configure(self) -> bool:
        """Writes supervisord.conf; True if it changed."""
        path = self.places.etc / "supervisord.conf"
        return write(path, _configuration(self.places).encode())

    def launch(self) -> None:
        """Starts supervisord and waits until it answers."""
        command = [*self.places.facts["supervisor"], "-c", str(self.places.etc / "supervisord.conf")]
        log = self.places.log / "supervisord.log"
        start = log.stat().st_size if log.exists() else 0
        began = time.monotonic()
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd="/",
            check=False,
        )
        deadline = time.monotonic() + 10
        # It also refuses to start where another is about to answer, started by a run that was killed.
        while time.monotonic() < deadline:
            if self.answers():
                return self._adopt()
            if done.returncode and time.monotonic() > began + _ANOTHER:
                break
            time.sleep(0.05)
        raise Refused("supervisord did not start", log=[*done.stdout.splitlines(), *tail(log, 20, start)][-20:])

    def shut_down(self) -> None:
        """Stops supervisord and its programs, each with its own grace."""
        if self.pid is None:
            return
        if self.answers():
            self._server().shutdown()
        deadline = time.monotonic() + 60
        while self.pid is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        processes.end(self._record)

    def info(self, program: str) -> dict[str, Any]:
        """Supervisor's own words: statename, pid, start, exitstatus, …"""
        found: Any = self._server().getProcessInfo(program)
        return dict(found)

    def start(self, program: str) -> None:
        """Starts a stopped program without waiting for it to be well: the gate asks that."""
        self._server().startProcess(program, False)

    def restart(self, program: str) -> None:
        """Starts a program whatever it does now: one that waits to be tried again counts as started already."""
        self.stop(program)
        self.start(program)

    def stop(self, program: str) -> None:
        """Stops a program, letting requests in flight finish; nothing to do if it does not run."""
        try:
            self._server().stopProcess(program, True)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != 70:  # NOT_RUNNING
                raise

    def stop_by(self, program: str, signal: str, patience: float) -> None:
        """Stops a program by a signal that Supervisor has no stopsignal for, or not for all of its kind; after `patience` as `stop`."""
        if self.info(program)["statename"] in ("STARTING", "RUNNING"):
            self.signal(program, signal)
        deadline = time.monotonic() + patience
        while self.info(program)["statename"] in ("STARTING", "RUNNING") and time.monotonic() < deadline:
            time.sleep(0.02)
        self.stop(program)

    def programs(self) -> list[str]:
        """Names of all programs, those included that came with a release."""
        return sorted(str(info["name"]) for info in self._server().getAllProcessInfo())

    def add(self, program: Program) -> None:
        """Has a program that is not in the constant configuration, and starts it; one that is there and unchanged is left alone."""
        path = self._file(program.name)
        changed = write(path, section(self.places, program).encode())
        there = program.name in self.programs()
        if changed and there:
            self._drop(program.name)
        if changed or not there:
            self._server().reloadConfig()
            self._server().addProcessGroup(program.name)  # autostart
        elif self.info(program.name)["statename"] not in ("STARTING", "RUNNING"):
            self.restart(program.name)

    def remove(self, name: str) -> None:
        """Stops a program that was added, and forgets it."""
        self._file(name).unlink(missing_ok=True)
        self._drop(name)
        self._server().reloadConfig()

    def _drop(self, name: str) -> None:
        self.stop(name)
        self._server().removeProcessGroup(name)

    def _file(self, name: str) -> Path:
        return self.places.etc / "programs" / f"{name}.conf"

    def signal(self, program: str, name: str) -> None:
        """Sends a signal to a program's main process."""
        self._server().signalProcess(program, name)

    def _adopt(self) -> None:
        processes.record(self._record, int(self._server().getPID()))

    def answers(self) -> bool:
        """True while it takes commands."""
        try:
            return bool(self._server().getState()["statename"] == "RUNNING")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False

    def _server(self) -> Any:
        path = str(self.places.run / "supervisor.sock")
        return xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_Transport(path)).supervisor


def _configuration(places: Places) -> str:
    values = {
        "RUN": escaped(str(places.run)),
        "LOG": escaped(str(places.log)),
        # Said outright, or supervisord warns that it runs as root.
        "SUPERVISOR_USER": "user=root" if os.geteuid() == 0 else "",
    }
    return fill("supervisord.conf", values) + "".join(section(places, program) for program in CONSTANT)


def log_path(places: Places, program: str) -> Path:
    """Where a program's words go."""
    return places.log / f"{program}.log"
