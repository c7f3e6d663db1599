"""The store in a folder of one server, asked through an agent that lives there as long as its connection."""

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import asyncssh

from cloud_init.host.base.lock import actor
from cloud_init.host.stores import Conflict
from components.errors import LockedError, SlipwayError
from components.ssh import connection
from components.ssh.agent_process import Agent
from components.ssh.connection import Connection, Lost
from components.ssh.login import Login
from components.ssh.loop import once

FOLDER = "file:///var/lib/slipway/store"
_PING = 5  # seconds
_TRIES = 3
_AWAY, _LONGEST = 5.0, 40.0  # seconds in which a server that didn't answer isn't asked again: twice as long each time
Answer = TypeVar("Answer")


class HostStore(Protocol):
    """One server's folder. Every method raises `Lost` where the server can't be reached; times are those of this machine's clock."""

    def get(self, name: str) -> bytes | None: ...
    def put(self, name: str, data: bytes) -> None: ...
    def create(self, name: str, data: bytes) -> None: ...
    def replace(self, name: str, old: bytes | None, new: bytes) -> None: ...
    def names(self, folder: str) -> dict[str, float]: ...
    def modified(self, name: str) -> float | None: ...
    def delete(self, *names: str) -> None: ...
    def lock(self, reason: str) -> None:
        """Takes the lock at once, or raises `LockedError`; it is held until `unlock` or the connection's end."""

    def unlock(self) -> None: ...


@dataclass(frozen=True)
class _Away:
    """`until` by the monotonic clock."""

    lost: Lost
    pause: float
    until: float


class SshStore:
    """`HostStore` over SSH. A question whose answer was lost is asked again: the agent knows what it did."""

    def __init__(self, login: Login, address: str) -> None:
        self.login, self.address = login, address
        self._connection: Connection = connection.to(login)
        self._agent: Agent | None = None
        self._mutex = threading.RLock()
        self._reason, self._holder = "", 0
        self._clock: float | None = None
        self._away: _Away | None = None

    def get(self, name: str) -> bytes | None:
        text = self._ask("get", name=name)
        return None if text is None else base64.b64decode(text)

    def put(self, name: str, data: bytes) -> None:
        self._ask("put", name=name, data=_text(data))

    def create(self, name: str, data: bytes) -> None:
        self._ask("create", name=name, data=_text(data))

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        self._ask("replace", name=name, old=None if old is None else _text(old), data=_text(new))

    def names(self, folder: str) -> dict[str, float]:
        times: dict[str, float] = self._ask("names", name=folder)
        return {name: at + self._offset for name, at in times.items()}

    def modified(self, name: str) -> float | None:
        at: float | None = self._ask("modified", name=name)
        return None if at is None else at + self._offset

    def delete(self, *names: str) -> None:
        self._ask("delete", names=names)

    def lock(self, reason: str) -> None:
        with self._mutex:
            self._ask("lock", reason=reason, holder=actor())
            self._reason, self._holder = reason, self._agent.pid if self._agent else 0

    def unlock(self) -> None:
        """The lock goes with the agent."""
        with self._mutex:
            self._reason = ""
            self._end()

    @property
    def _offset(self) -> float:
        """How far this machine's clock is ahead of the server's; taken once, so that a time that didn't change is the same again."""
        return self._clock or 0.0

    def _ask(self, do: str, **question: Any) -> Any:
        with self._mutex:
            if self._away and time.monotonic() < self._away.until and not self._connection.is_open:
                raise self._away.lost
            try:
                answer = self._again(lambda agent: agent.ask(do, question))
                self._away = None
            except Lost as lost:
                pause = min(_LONGEST, 2 * self._away.pause) if self._away else _AWAY
                self._away = _Away(lost, pause, time.monotonic() + pause)
                raise
        if "conflict" in answer:
            raise Conflict(answer["conflict"])
        if "locked" in answer:
            raise LockedError(f"{self.login.host}: {answer['locked']}")
        if "refused" in answer:
            raise SlipwayError(f"{self.login.host}: {answer['refused']}")
        return answer["is"]

    def _again(self, ask: Callable[[Agent], dict[str, Any]]) -> dict[str, Any]:
        for left in reversed(range(_TRIES)):
            try:
                return ask(self._started())
            except (asyncssh.Error, OSError, EOFError) as error:
                self._end()
                if not left:
                    raise self._connection.lost("store", str(error)) from None
        raise AssertionError

    def _started(self) -> Agent:
        if self._agent is None:
            self._agent = Agent(self._connection, self.address)
            self._clock = self._agent.ahead if self._clock is None else self._clock
            if self._reason:
                self._held_again()
        return self._agent

    def _held_again(self) -> None:
        """The lock went with the last agent, which is ended where it doesn't know yet: whoever else took it meanwhile is first now."""
        assert self._agent is not None
        answer = self._agent.ask("lock", {"reason": self._reason, "holder": actor(), "before": self._holder})
        if "is" not in answer:
            self._reason = ""
            raise Conflict(f"the lock of {self.login.host} went with the connection")
        self._holder = self._agent.pid

    def _end(self) -> None:
        if self._agent is not None:
            self._agent.end()
        self._agent = None


@once
def of(login: Login, address: str = FOLDER) -> SshStore:
    """This process's store on a server."""
    return SshStore(login, address)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
