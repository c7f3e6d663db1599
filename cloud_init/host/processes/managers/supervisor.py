"""Supervisor on this host: its configuration, its start, and its programs over its own socket."""

import http.client
import os
import subprocess
import time
import xmlrpc.client
from pathlib import Path
from typing import Any, Optional, Union

from ...base import Places, Refused, processes, template, with_port, write
from ...base.web import UnixConnection
from ...release import environment
from .. import managers
from ..programs import CONSTANT, Program, log_path
from . import systemd

_NOT_RUNNING = 70  # supervisord's number of that fault
_ANOTHER = 3  # seconds that another supervisord may take to answer
_STATES = {
    "STARTING": managers.STARTING, "RUNNING": managers.RUNNING, "STOPPING": managers.STOPPING, "STOPPED": managers.STOPPED,
    "EXITED": managers.STOPPED, "BACKOFF": managers.WAITING, "FATAL": managers.FAILED, "UNKNOWN": managers.FAILED,
}  # fmt: skip


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return UnixConnection(self._path, timeout=60)


class Manager(managers.Manager):
    """The supervisord of one app on this host."""

    kind = "supervisor"

    def __init__(self, places: Places) -> None:
        self.places = places
        self._record = places.lib / "processes/supervisord.json"
        self._configuration, self._added = places.etc / "supervisord.conf", places.etc / "programs"
        self._command = [*places.supervisor, "-c", str(self._configuration)]
        self._unit = f"slipway-{places.app}-supervisor.service"

    @property
    def running(self) -> bool:
        return self.pid is not None

    @property
    def pid(self) -> Optional[int]:
        """The running supervisord's; one that a killed run started, and didn't note, is adopted."""
        if processes.recorded(self._record) is None and self.answers():
            self._adopt()
        return processes.recorded(self._record)

    def install(self) -> None:
        """An environment of its own."""
        environment.of_the_host(self.places, self.kind, template(__package__, "supervisor.txt"))

    def configure(self) -> bool:
        return write(self._configuration, configuration(self.places).encode())

    def launch(self) -> None:
        """Starts supervisord, which becomes a daemon by itself, and waits until it answers."""
        log = self.log_from_now("supervisord")
        began = time.monotonic()
        done = self._start_unit() if self.places.role else processes.ended(*self._command)
        deadline = time.monotonic() + 10
        # It refuses to start where another one, started by a killed run, is about to answer.
        while time.monotonic() < deadline:
            if self.answers():
                return self._adopt()
            if done.returncode and time.monotonic() > began + _ANOTHER:
                break
            time.sleep(0.05)
        raise Refused("supervisord did not start", log=[*(done.stdout + done.stderr).splitlines(), *log(20)][-20:])

    def _start_unit(self) -> subprocess.CompletedProcess[str]:
        """On a server it is a unit of systemd, which starts it again when it ends."""
        places = self.places
        writes = (places.run, places.log, places.lib / "front", places.shared, places.srv / "data")
        values = {"APP": places.app, "COMMAND": self._command, "WRITES": [str(path) for path in writes]}
        systemd.put(places, self._unit, systemd.rendered("supervisor.service", values))
        systemd.call("reset-failed", self._unit)
        return systemd.call("start", self._unit)

    def shut_down(self) -> None:
        if self.places.role:
            systemd.call("stop", self._unit)
        if self.answers():
            self._server().shutdown()
        deadline = time.monotonic() + 60
        while self.pid is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        processes.end(self._record)

    def status(self, program: str) -> managers.ProgramStatus:
        info = self._ask("getProcessInfo", program)
        state = _STATES[info["statename"]]
        since = float(info["start"]) if state == managers.RUNNING else None
        return managers.ProgramStatus(program, state, info["pid"] or None, since, str(info["spawnerr"] or info["exitstatus"]))

    def start(self, program: str) -> None:
        self._ask("startProcess", program, False)

    def stop(self, program: str) -> None:
        self._await_own_code(program)
        self._ask("stopProcess", program, True, fine=_NOT_RUNNING)

    def programs(self) -> list[str]:
        return sorted(str(info["name"]) for info in self._server().getAllProcessInfo())

    def add(self, program: Program) -> None:
        changed = write(self._added / f"{program.name}.conf", section(self.places, program).encode())
        there = program.name in self.programs()
        if changed and there:
            self._drop(program.name)
        if changed or not there:
            self._ask("reloadConfig")
            self._ask("addProcessGroup", program.name)  # autostart
        elif not self.status(program.name).runs:
            self.restart(program.name)

    def remove(self, name: str) -> None:
        (self._added / f"{name}.conf").unlink(missing_ok=True)
        self._drop(name)
        self._ask("reloadConfig")

    def _drop(self, name: str) -> None:
        self.stop(name)
        self._ask("removeProcessGroup", name)

    def signal(self, program: str, name: str) -> None:
        self._await_own_code(program)
        self._ask("signalProcess", program, name)

    def _await_own_code(self, program: str) -> None:
        """A new process has supervisord's handlers until it runs its program: a signal is lost."""
        pid, own = self.status(program).pid, processes.command_line(self.pid or 0)
        deadline = time.monotonic() + 5
        while pid and own and processes.command_line(pid) == own and time.monotonic() < deadline:
            time.sleep(0.005)

    def _adopt(self) -> None:
        processes.record(self._record, int(self._server().getPID()))

    def answers(self) -> bool:
        try:
            return bool(self._server().getState()["statename"] == "RUNNING")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False

    def _ask(self, name: str, *words: Any, fine: int = 0) -> Any:
        """Raises `Refused` with supervisord's words, unless the fault is a fine one."""
        try:
            return getattr(self._server(), name)(*words)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == fine:
                return None
            raise Refused(f"supervisord, {name} {' '.join(map(str, words))}: {fault.faultString}") from None

    def _server(self) -> Any:
        path = str(self.places.run / "supervisor.sock")
        return xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_Transport(path)).supervisor


def configuration(places: Places) -> str:
    """All of supervisord.conf."""
    user = "user=root" if os.geteuid() == 0 else ""  # said outright, or supervisord warns that it runs as root
    whole = template(__package__, "supervisord.conf", RUN=_escaped(places.run), LOG=_escaped(places.log), SUPERVISOR_USER=user)
    return whole + "".join(section(places, program) for program in CONSTANT)


def section(places: Places, program: Program) -> str:
    user = getattr(places.facts, program.account) or places.facts.user
    launch = [places.python, "-I", str(places.tool), "--root", str(places.root), "launch"]
    if places.role and not program.as_user:
        launch = [*with_port(str(user)), *launch]
    return template(
        __package__,
        "program.conf",
        NAME=program.name,
        LOG=_escaped(log_path(places, program.name)),
        LAUNCH=" ".join(f'"{_escaped(word)}"' if " " in word else _escaped(word) for word in launch),
        AUTORESTART="true" if program.always else "unexpected",
        RETRIES=program.retries,
        PRIORITY=program.priority,
        GROUP=str(program.whole_group).lower(),
        STOPSIGNAL=program.stop_signal,
        USER=f"user={user}" if user and program.as_user else "",
        BYTES="0" if places.role else "10MB",  # on a server logrotate sees to all logs
    )


def _escaped(value: Union[Path, str]) -> str:
    """Supervisor reads `%` as its own, and ` ;` as a comment: no folder may have the latter."""
    return str(value).replace("%", "%%")
