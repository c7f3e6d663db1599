"""systemd on this server: a unit for each program, with plain paths and names; else refused."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Union

from ...base import COLOURS, Places, Refused, processes, template, write
from ...front import configuration
from .. import managers
from ..programs import CONSTANT, FRONT, Program, is_database, log_path, memory_score, split

_STATES = {"active": managers.RUNNING, "reloading": managers.RUNNING, "deactivating": managers.STOPPING, "failed": managers.FAILED}
_ASKED = ("ActiveState", "SubState", "Result", "MainPID", "ExecMainStatus", "ExecMainStartTimestampMonotonic")
_PLAIN = re.compile(r"[\w./@+=-]+", re.ASCII)


class Manager(managers.Manager):
    """Units are not enabled: `boot` makes RUN first, then starts them."""

    kind = "systemd"

    def __init__(self, places: Places) -> None:
        self.places, self._target = places, f"slipway-{places.app}.target"

    @property
    def running(self) -> bool:
        there = (self.places.units / self._target).is_file()
        return there and call("--quiet", "is-active", self._target).returncode == 0

    def configure(self) -> bool:
        """What changed is in force at the next start of each."""
        put(self.places, self._target, rendered("target.service", {"APP": self.places.app}))
        for program in CONSTANT:
            self._put(program)
        return False

    def launch(self) -> None:
        systemctl("start", self._target, *map(self._unit, self.programs()))

    def shut_down(self) -> None:
        """Waits for all of them; the database is ordered to stop last."""
        call("stop", self._target, *map(self._unit, self.programs()))

    def programs(self) -> list[str]:
        found = (path.name for path in self.places.units.glob(f"slipway-{self.places.app}*.service"))
        return sorted(filter(None, (self._program(name) for name in found)))

    def status(self, program: str) -> managers.ProgramStatus:
        found = show(self._unit(program), *_ASKED)
        state = _STATES.get(found["ActiveState"], managers.STOPPED)
        if found["ActiveState"] == "activating":
            state = managers.WAITING if found["SubState"].startswith("auto-restart") else managers.STARTING
        began = int(found["ExecMainStartTimestampMonotonic"] or 0) / 1e6
        since = time.time() - time.monotonic() + began if state == managers.RUNNING else None
        return managers.ProgramStatus(program, state, int(found["MainPID"]) or None, since, f"{found['Result']} {found['ExecMainStatus']}")

    def start(self, program: str) -> None:
        """Earlier starts don't count: releases in a row are no crash loop."""
        for constant in CONSTANT:
            if constant.name == program:
                self._put(constant)
        call("reset-failed", self._unit(program))
        systemctl("start", self._unit(program))

    def stop(self, program: str) -> None:
        call("stop", self._unit(program))
        call("reset-failed", self._unit(program))

    def signal(self, program: str, name: str) -> None:
        pid = self.status(program).pid
        if pid:
            os.kill(pid, signal.Signals[f"SIG{name}"])

    def add(self, program: Program) -> None:
        there = program.name in self.programs()
        changed = self._put(program)
        if not (there and self.status(program.name).runs):
            self.start(program.name)
        elif changed:
            self.restart(program.name)

    def remove(self, name: str) -> None:
        self.stop(name)
        (self.places.units / self._unit(name)).unlink(missing_ok=True)
        systemctl("daemon-reload")
        call("reset-failed", self._unit(name))

    def _put(self, program: Program) -> bool:
        return put(self.places, self._unit(program.name), unit(self.places, program))

    def _unit(self, program: str) -> str:
        kind = f"@{program}" if program in COLOURS else f"-process@{program}" if split(program)[0] else f"-{program}"
        return f"slipway-{self.places.app}{kind}.service"

    def _program(self, unit: str) -> str:
        """The program of a unit; empty where it is none of this manager's."""
        found = re.fullmatch(rf"slipway-{re.escape(self.places.app)}(?:-process@|@|-)([a-z0-9-]+)\.service", unit)
        return found[1] if found and found[1] != "supervisor" else ""


def unit(places: Places, program: Program) -> str:
    """The program's unit. A program that ends within a second is started again each 1.5 s, with the
    pause of half a second: that many starts are a crash loop."""
    if "/" in places.app or places.app in (".", ".."):  # it names folders: a path would lead out of them
        raise Refused(f"host.json: wanted a name for the app, found {places.app[:60]!r}; run the bootstrap again")
    user = str(getattr(places.facts, program.account) or places.facts.user)
    launch = [places.python, "-I", str(places.tool), "--root", str(places.root), "launch", program.name]
    values = {
        "APP": places.app, "NAME": program.name, "LAUNCH": launch, "USER": user, "LOG": str(log_path(places, program.name)),
        **_of_kind(places, program), "RETRIES": str(program.retries), "BURST": str(program.retries + 1),
        "INTERVAL": f"{1500 * (program.retries + 1)}ms", "RESTART": "always" if program.always else "on-failure",
        "KILLMODE": "control-group" if program.whole_group else "mixed",
        "MEMORYSCORE": str(memory_score(program.name)),
        "CAPABILITIES": [] if program.as_user else ["CAP_NET_BIND_SERVICE"],
    }  # fmt: skip
    return rendered("program.service", values)


def _of_kind(places: Places, program: Program) -> dict[str, Union[str, list[str]]]:
    """What a program's kind says. The order is that to start in; to stop is the other way round:
    the front first, by a signal that lets requests in flight finish, a database last."""
    colours, stop = [f"slipway-{places.app}@{name}.service" for name in COLOURS], program.stop_signal
    if program.name == FRONT.name:
        stop = configuration.SERVERS[configuration.serving(places)].stop if places.front.is_dir() else stop
        return {"AFTER": colours, "BEFORE": [], "STOPSIGNAL": stop, "WRITES": [str(places.run / "front"), str(places.lib / "front")]}
    if is_database(program.name):
        return {"AFTER": [], "BEFORE": colours, "STOPSIGNAL": stop, "WRITES": [str(places.run / "database"), str(places.srv / "data")]}
    after = [] if program.name in COLOURS else colours
    writes = [str(places.shared), *(str(places.colour(name).folder) for name in COLOURS)]
    return {"AFTER": after, "BEFORE": [], "STOPSIGNAL": stop, "WRITES": writes}


def systemctl(*words: str) -> str:
    """Runs systemctl; returns its output. Raises `Refused` with its words."""
    return processes.run("systemctl", "--no-ask-password", *words)


def call(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs systemctl for what may well fail, such as stopping what is not there."""
    return processes.ended("systemctl", "--no-ask-password", *words)


def show(unit: str, *properties: str) -> dict[str, str]:
    """Properties of a unit; of one that systemd doesn't know too."""
    lines = systemctl("show", f"--property={','.join(properties)}", "--", unit).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def rendered(name: str, values: Mapping[str, Union[str, Sequence[str]]]) -> str:
    """A template of `managers/` with words, as many as given, at each of its places.

    `@@SANDBOX@@` is another template."""
    text = template(__package__, name, SANDBOX=template(__package__, "sandbox.service"))
    for place, value in values.items():
        words = [value] if isinstance(value, str) else value
        for word in words:
            if not _PLAIN.fullmatch(word):
                raise Refused(f"{name}: wanted paths and names of letters, digits and . / @ = _ + - for a unit, found {word[:60]!r}")
        text = text.replace(f"@@{place}@@", " ".join(words))
    return text


def put(places: Places, name: str, text: str) -> bool:
    """Writes a unit; True, and read by systemd, if it changed."""
    changed = write(places.units / name, text.encode())
    if changed:
        read_anew(name)
    return changed


def read_anew(name: str) -> None:
    """Has systemd read a changed unit: a new one it finds by itself, to read all takes a while."""
    if show(name, "NeedDaemonReload")["NeedDaemonReload"] == "yes":
        systemctl("daemon-reload")
