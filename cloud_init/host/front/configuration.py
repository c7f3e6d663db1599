"""The front server: its configuration in force, and its reload when a release brings another one.
Another kind takes its place behind the maintenance page, a file that front servers look for at each
request."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..base import Places, Refused, link, note, processes, read_object, target, template, unlink, write, write_json
from ..base.files import read_foreign
from ..base.lock import is_free
from ..processes.managers import Manager
from . import servers

_PATIENCE = 30  # seconds for requests in flight when the front server that has them goes
PAGES = 2.5
"""Seconds for those that are answered with the maintenance page: Apache reads two more of what was
sent with them, else a client finds its connection reset."""
_START = 10  # seconds until another front server takes connections

WINDOW = "the maintenance page is up while requests in flight finish (30 s at most), \
then connections are refused for one to four seconds"


def serving(places: Places) -> str:
    """The kind of front server that was started last; without a note, that of its configuration."""
    noted = read_foreign(places.serving)
    return noted if noted in servers.known() else servers.find(places, places.front)


def check_port(places: Places) -> None:
    """Refuses a port that somebody else holds, before anything is changed."""
    if places.facts.containers:  # each has ports of its own
        return
    address, port = places.facts.front.listen
    noted = target(places.etc / "front.listen") or ""
    same = noted == f"{address}:{port}" or not re.fullmatch(r"[^/]+:[0-9]+", noted)  # lost or damaged
    # The manager may run a launcher that found nothing to run yet: only a front server is noted.
    if processes.recorded(places.front_process) and same:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            why = "taken by another program" if error.errno == 98 else f"not to be had ({error.strerror})"
            raise Refused(
                f"port {port}: wanted {address}:{port} for the front server, found it {why}; end what listens there, or set another port"
            ) from None


def install(places: Places, manager: Manager, folder: Path) -> None:
    """Puts the configuration in `folder` in force; the first one without starting a server."""
    before = target(places.front)
    if before is None or target(places.live) is None or not manager.status("front").runs:
        _link(places, folder)
        if before is not None and target(places.live) is not None:
            manager.restart("front")
    elif replaces(places, folder):
        _replace(places, manager, Path(before), folder)
    else:
        _link(places, folder)
        if _content(Path(before)) != _content(folder):
            reload(places, manager, settle=False)


def replaces(places: Places, folder: Path) -> tuple[str, str] | None:
    """The kind of front server that serves and that for the files in `folder`, if another."""
    before, wanted = serving(places), servers.find(places, folder)
    return (before, wanted) if before != wanted else None


def start(places: Places, manager: Manager) -> None:
    """Starts the front server; returns when it takes connections. Raises `Refused` otherwise."""
    log = manager.log_from_now("front")
    manager.restart("front")
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline and manager.status("front").runs:
        try:
            socket.create_connection(places.facts.front.listen, timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise Refused(f"{servers.find(places, places.front)} ended as it started, or takes no connections", log=log(20))


def stop(places: Places, manager: Manager, patience: float = _PATIENCE) -> None:
    """Stops the front server; requests in flight are finished, for `patience` seconds."""
    manager.stop_by("front", servers.module(serving(places)).STOP, patience)


def _replace(places: Places, manager: Manager, before: Path, folder: Path) -> None:
    """Raises `Refused`, with the one before in its place again, if the other one doesn't start."""
    note("the front server changes from {} to {}".format(*replaces(places, folder) or ()))
    with page_window(places):
        reload(places, manager, settle=True)
        try:
            _start_with(places, manager, folder)
        except Refused:
            try:
                _start_with(places, manager, before)
            except Refused as refused:
                note(f"the front server before it is back, but not well: {refused}")
            raise


def _start_with(places: Places, manager: Manager, folder: Path) -> None:
    stop(places, manager, PAGES)
    _link(places, folder)
    start(places, manager)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}


def _link(places: Places, folder: Path) -> None:
    link(places.front, str(folder))
    link(places.etc / "front.listen", "{}:{}".format(*places.facts.front.listen))


def reload(places: Places, manager: Manager, settle: bool) -> None:
    """New workers with the new configuration; the old ones finish, which `settle` waits for: with
    the page up all that was asked before is answered then."""
    signal = servers.module(serving(places)).RELOAD
    if signal is None or not manager.status("front").runs:
        return
    workers = processes.children(manager.status("front").pid or 0)
    manager.signal("front", signal)
    deadline = time.monotonic() + _PATIENCE
    while settle and any(processes.started(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)


def is_page_up(places: Places) -> bool:
    """Whether users meet the page now."""
    return (places.etc / servers.MAINTENANCE).is_file()


def switch_page(places: Places, wanted: bool) -> None:
    if wanted:
        write(places.etc / servers.MAINTENANCE, template(__package__, servers.MAINTENANCE).encode())
    else:
        unlink(places.etc / servers.MAINTENANCE)


def order_page(places: Places, wanted: bool) -> None:
    """An operator's word counts more than what was before a change that a kill interrupted."""
    if is_interrupted(places):
        write_json(places.window, {"page": wanted})
    switch_page(places, wanted)


@contextmanager
def page_window(places: Places) -> Iterator[None]:
    """The page is up inside the block, and afterwards as it was before. A kill leaves it up, with
    a note of how it was: the next window that ends goes by that."""
    if not is_interrupted(places):
        write_json(places.window, {"page": is_page_up(places)})
    try:
        switch_page(places, True)
        yield
    except Exception:
        _close(places)
        raise
    _close(places)


def is_interrupted(places: Places) -> bool:
    """Whether a window was left open by a kill; while a command is at work, by that one."""
    return places.window.is_file()


def is_left_open(places: Places) -> bool:
    """Whether it was, and nobody is at work who could close it."""
    return is_interrupted(places) and is_free(places.lib / "lock")


def _close(places: Places) -> None:
    switch_page(places, read_object(places.window).get("page") is True)
    unlink(places.window)
