"""One front server takes another's place, which finishes the requests in flight: the port is nobody's for a moment only."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

from ..base import processes
from ..base.files import tail, unlink, write
from ..base.outcome import Refused
from ..base.places import Places
from ..processes.managers.contract import Manager
from ..processes.programs import CONSTANT, FRONT, MEANWHILE, Program, log_path
from . import servers

PATIENCE = 30  # seconds for requests in flight when the front server that has them goes
_START = 10  # seconds until another front server is there, and takes connections


class Seat(NamedTuple):
    """Where a front server runs: a program of a manager."""

    manager: Manager
    program: Program = FRONT

    @property
    def runs(self) -> bool:
        return self.manager.told(self.program.name).runs

    def start(self) -> None:
        if self.program in CONSTANT:
            self.manager.start(self.program.name)
        else:
            self.manager.add(self.program)


def change(places: Places, manager: Manager, before: str, now: str) -> None:
    """What is in force serves, in the same program; `before` and `now` are the signals that stop the two front servers.

    A program starts when what ran in it has ended, which may have long answers in hand. Another program serves meanwhile.
    """
    usual, meanwhile = Seat(manager), Seat(manager, MEANWHILE)
    try:
        _hand_over(places, usual, meanwhile, before)
        _hand_over(places, meanwhile, usual, now)
    finally:
        if MEANWHILE.name in manager.programs():
            manager.remove(MEANWHILE.name)


def settle(places: Places, manager: Manager) -> None:
    """After a change that was killed: which front server runs where is not known, so it is started again."""
    if manager.running and MEANWHILE.name in manager.programs():
        unlink(places.front_awaits)
        manager.remove(MEANWHILE.name)
        manager.restart(FRONT.name)


def take_over(places: Places, old: Seat, new: Seat, stop: str) -> None:
    """The new front server waits for the port before the old one is told to go."""
    unlink(places.front_process)  # the new one's launcher ends what is noted there
    unlink(places.serving)
    write(places.front_awaits, b"")
    try:
        new.start()
        _until(lambda: processes.recorded(places.front_process) is not None)
        if old.runs:
            old.manager.signal(old.program.name, stop)
        _await_start(places, new)
    finally:
        unlink(places.front_awaits)


def _await_start(places: Places, seat: Seat) -> None:
    """Returns when it takes connections. Raises `Refused` as soon as it is clear that it doesn't.

    Its launcher notes it when the port is free: what takes connections before that is the one that goes.
    """
    log = log_path(places, FRONT.name)
    mark = log.stat().st_size if log.exists() else 0
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline and seat.runs:
        if places.serving.is_file() and _answers(places):
            return
        time.sleep(0.02)
    raise Refused(
        f"{servers.name(servers.find(places, places.front))} ended as it started, or takes no connections", log=tail(log, 20, mark)
    )


def _hand_over(places: Places, old: Seat, new: Seat, stop: str) -> None:
    """Returns when the old one has ended, whatever became of the new one."""
    try:
        take_over(places, old, new, stop)
    finally:
        old.manager.stop_by(old.program.name, stop, PATIENCE)


def _answers(places: Places) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(places.facts.front.listen, timeout=1):
        return True
    return False


def _until(good: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START
    while not good() and time.monotonic() < deadline:
        time.sleep(0.01)
