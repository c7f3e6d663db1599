"""Docker: a container for each program, by the engine's own API over its socket.

This tool runs in a container of its own then, which has the tree and the socket. The front server
and a database are containers of the plan, started and stopped here; those of a release are made
here, from its image, and removed when they stop."""

import calendar
import http.client
import json
import time
from typing import Any, Optional, cast
from urllib.parse import quote, urlencode

from ...base import COLOURS, Places, Refused
from ...base.web import UnixConnection
from ...contracts.facts import ContainerFacts
from ...release import manifests
from .. import managers
from ..programs import CONSTANT, FRONT, Program, is_database, split

SOCKET = "/run/docker.sock"
GRACE = 40  # seconds to finish what is in hand
_STATES = {"running": managers.RUNNING, "restarting": managers.WAITING, "dead": managers.FAILED}
_ONCE, _MOST = "release", 10_000  # lines of its words
_SECOND = 10**9  # nanoseconds
_HEALTH = {"Interval": 30 * _SECOND, "Timeout": 10 * _SECOND, "Retries": 3}  # each time a Python starts for it
_LOGS = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}


class Manager(managers.Manager):
    """The containers of one app."""

    kind = "docker"
    running = True  # as its engine does, or there is no tool at work

    def __init__(self, places: Places) -> None:
        self.places, self._facts = places, cast(ContainerFacts, places.facts.containers)

    def shut_down(self) -> None:
        for name in self.programs():
            self.stop(name)

    def programs(self) -> list[str]:
        wanted = json.dumps({"label": [f"slipway.site={self._facts.site}"]})
        found = self._ask("GET", f"containers/json?{urlencode({'all': 1, 'filters': wanted})}")
        return sorted(one["Labels"]["slipway.program"] for one in found if "slipway.program" in one["Labels"])

    def status(self, program: str) -> managers.ProgramStatus:
        found = self._ask("GET", f"containers/{self._name(program)}/json")
        if found is None:
            return managers.ProgramStatus(program, managers.STOPPED)
        now = found["State"]
        state = _STATES.get(now["Status"], managers.STOPPED)
        since = _nanoseconds(now["StartedAt"]) / 1e9 if state == managers.RUNNING else None
        why = str(now.get("Error") or f"exit status {now['ExitCode']}") + ", out of memory" * bool(now.get("OOMKilled"))
        return managers.ProgramStatus(program, state, since=since, why=why)

    def start(self, program: str) -> None:
        if _is_of_plan(program):
            self._ask("POST", f"containers/{self._name(program)}/start", none=())
        else:
            self._make(next((one for one in CONSTANT if one.name == program), Program(program, always=True)))

    def stop(self, program: str) -> None:
        self._ask("POST", f"containers/{self._name(program)}/stop?t={GRACE}")
        if not _is_of_plan(program):
            self._remove(self._name(program))

    def signal(self, program: str, name: str) -> None:
        self._ask("POST", f"containers/{self._name(program)}/kill?signal={name}")

    def add(self, program: Program) -> None:
        found = self._ask("GET", f"containers/{self._name(program.name)}/json")
        runs = found and found["State"]["Status"] == "running"
        if _is_of_plan(program.name):
            return None if runs else self.restart(program.name)
        if not runs or found["Config"]["Labels"]["slipway.release"] != self._release(program.name):
            self._make(program)

    def remove(self, name: str) -> None:
        self.stop(name)

    def discard(self, release: str) -> None:
        self._ask("DELETE", f"images/{quote(f'{self._facts.images}:{release}', safe='')}", none=(404, 409))

    def once(self, release: str, schema: str) -> int:
        """The release command in a container of that release, its words and its exit status. One
        that a killed run left goes first: there are never two."""
        self._make(Program(_ONCE), release, schema)
        try:
            code = int(self._ask("POST", f"containers/{self._name(_ONCE)}/wait", none=(), timeout=None)["StatusCode"])
            print(*self.log(_ONCE, None, _MOST)[0], sep="\n", flush=True)
            return code
        finally:
            self._remove(self._name(_ONCE))

    def logged(self) -> list[str]:
        return sorted({*super().logged(), *self.programs()})

    def log(self, program: str, mark: Optional[int], lines: int) -> tuple[list[str], int]:
        """The mark is a time of the engine's, in nanoseconds."""
        asked_at = time.time_ns()
        since = {"since": f"{mark // 10**9}.{mark % 10**9:09}"} if mark else {"tail": lines}
        asked = urlencode({"stdout": 1, "stderr": 1, "timestamps": 1, **since})
        data = self._ask("GET", f"containers/{self._name(program)}/logs?{asked}", raw=True)
        if data is None:
            return super().log(program, mark, lines)
        found = [(_nanoseconds(at), text) for at, _, text in (line.partition(" ") for line in _lines(data))]
        news = [(at, text) for at, text in found if at > (mark or 0)][-lines:]
        return [text for _, text in news], max([mark or asked_at, *(at for at, _ in news)])

    def _make(self, program: Program, once: str = "", schema: str = "") -> None:
        """A new container, in the place of one of that name, started. Raises `Refused`. `once`: the
        release whose command it runs: as root, until the tool has read what that user may not."""
        places, facts, user = self.places, self._facts, self.places.user
        release = once or self._release(program.name)
        name, size = self._name(program.name), facts.memory << 20
        tool = [places.python, "-I", str(places.tool), "--root", str(places.root)]
        check: dict[str, Any] = {"Test": ["NONE"]}
        if program.name in COLOURS:  # it may take as long to boot as its gate gives it
            limit = manifests.read(places.release(release)).health.timeout
            check = {**_HEALTH, "StartPeriod": int(limit * _SECOND), "Test": ["CMD", *tool, "alive", program.name]}
        body = {
            "Image": f"{facts.images}:{release}",
            "User": "0:0" if once or not user else f"{user.pw_uid}:{user.pw_gid}",
            "Env": ["TINI_KILL_PROCESS_GROUP=1"] if program.whole_group else [],
            "Cmd": [*tool, *(("release", release, schema) if once else ("launch", program.name))],
            "Healthcheck": check,
            "StopSignal": f"SIG{program.stop_signal}",
            "Labels": {"slipway.site": facts.site, "slipway.program": program.name, "slipway.release": release},
            "HostConfig": {
                "Init": True,
                "NetworkMode": facts.site,
                "RestartPolicy": {"Name": "no" if once else "always"},
                "Mounts": [
                    {"Type": "volume", "Source": facts.site, "Target": str(places.root)},
                    {"Type": "volume", "Source": f"{facts.site}-data", "Target": str(places.srv / "data")},
                ],
                "ReadonlyRootfs": True,
                "Tmpfs": {"/tmp": "mode=1777"},
                "CapDrop": ["ALL"],
                "CapAdd": ["SETUID", "SETGID", "DAC_READ_SEARCH"] if once else [],
                "SecurityOpt": ["no-new-privileges:true"],
                "Memory": size,
                "MemorySwap": size,
                "PidsLimit": facts.processes,
                "LogConfig": _LOGS,
            },
        }
        self._remove(name)
        self._ask("POST", f"containers/create?name={name}", body, none=())
        self._ask("POST", f"containers/{name}/start", none=())

    def _release(self, program: str) -> str:
        """The release that the colour of a program runs."""
        return self.places.colour(split(program)[0] or program).link.resolve().name

    def _remove(self, name: str) -> None:
        self._ask("DELETE", f"containers/{name}?force=1&v=1")

    def _name(self, program: str) -> str:
        return f"{self._facts.site}-{program}"

    def _ask(
        self, method: str, path: str, body: Any = None, none: tuple[int, ...] = (404,), timeout: Optional[float] = 120, raw: bool = False
    ) -> Any:
        """The engine's answer, JSON or `raw`; None for a status of `none`. Raises `Refused`."""
        connection = UnixConnection(SOCKET, timeout)
        try:
            connection.request(method, f"/{path}", json.dumps(body) if body else None, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"docker: wanted the engine at {SOCKET}, found: {error}; see that it runs, then run `up` again") from None
        finally:
            connection.close()
        if answer.status in none:
            return None
        if answer.status >= 400:
            said = " ".join(str(json.loads(data or "{}").get("message")).split())
            raise Refused(f"docker: {method} {path.partition('?')[0]}: {said}")
        return data if raw else json.loads(data or "null")


def _is_of_plan(program: str) -> bool:
    return program == FRONT.name or is_database(program)


def _lines(data: bytes) -> list[str]:
    """Output of a container: pieces, each after 8 bytes of which the last four are its length."""
    pieces, at = [], 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "big")
        pieces.append(data[at + 8 : at + 8 + length])
        at += 8 + length
    return [line for line in b"".join(pieces).decode("utf-8", "replace").split("\n") if line]


def _nanoseconds(at: str) -> int:
    """`2026-11-30T15:30:50.123456789Z`, as the engine writes times, since 1970."""
    whole = time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S")
    return calendar.timegm(whole) * 10**9 + int(at[20:].rstrip("Z").ljust(9, "0")[:9])
