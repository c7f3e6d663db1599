"""The front server: which one there is, its configuration in force, and its reload when a release
brings another one. `NAME.conf` in the configuration is served by NAME. The maintenance page is a
file that fronts look for at each request."""

import grp
import os
import re
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Optional

from ..base import Places, Refused, front_group, link, note, processes, read_foreign, target, template, unlink, write
from ..processes.managers import Manager

MAINTENANCE = "maintenance.html"


class Server(NamedTuple):
    """A front server; its signals are named as kill(1) has them."""

    stop: str  # finishes the requests in flight; TERM, by which Supervisor stops all, cuts them
    reload: str
    command: Callable[[Places, Path], list[str]]  # for the configuration in that folder
    serve: tuple[str, ...] = ()  # more words, with which it serves in the foreground
    test: tuple[str, ...] = ()  # more words, with which it says whether it takes the configuration
    renew: Optional[str] = None  # has it read a certificate anew, where it does so only as it starts


def find(places: Places, folder: Path) -> str:
    """The name of the front server that the configuration in that folder is for. Raises `Refused`
    where it isn't here."""
    wanted = kind(folder.glob("*.conf"))
    if not wanted or not places.front_binaries.get(wanted):
        raise Refused(f"wanted the front server {wanted or ''} on this machine, found none; install its package, then run `up` again")
    return wanted


def kind(files: Iterable[Path]) -> Optional[str]:
    """The front server that those files are for, whether it is here or not."""
    return next((path.stem for path in sorted(files) if path.suffix == ".conf" and path.stem in SERVERS), None)


def _nginx(places: Places, folder: Path) -> list[str]:
    """Root, as it never is on a server, names the app's user: a test too hands it folders."""
    given = os.geteuid() == 0 and not places.facts.front_user
    user = f" user {places.facts.user or 'root'} {front_group() or ''};" if given else ""
    return [places.front_binaries["nginx"], "-e", "stderr", "-c", str(folder / "nginx.conf"), "-g", f"daemon off;{user}"]


def _apache(places: Places, folder: Path) -> list[str]:
    """Root, as it never is on a server, gives Apache the app's user for its children."""
    command = [places.front_binaries["apache"], "-f", str(folder / "apache.conf")]
    user = places.user
    if os.geteuid() == 0 and user is not None and not places.facts.front_user:
        command += ["-C", f"User {user.pw_name}", "-C", f"Group {grp.getgrgid(user.pw_gid).gr_name}"]
    return command


SERVERS = {
    "apache": Server("WINCH", "USR1", _apache, ("-D", "FOREGROUND"), ("-t",), renew="USR1"),  # the event MPM: it keeps its sockets
    "nginx": Server("QUIT", "HUP", _nginx, test=("-t", "-q")),
}


def serving(places: Places) -> str:
    """The kind of front server that was started last; without a note, that of its configuration."""
    noted = read_foreign(places.serving)
    return noted if noted in SERVERS else kind(places.front.glob("*.conf")) or "nginx"


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
    link(places.front, str(folder))
    link(places.etc / "front.listen", "{}:{}".format(*places.facts.front.listen))
    if before is None or target(places.live) is None:
        return
    kind_now, runs = read_foreign(places.serving), manager.status("front").runs
    if not runs or (kind_now and kind_now != find(places, folder)):  # on an engine another than is wanted from now on
        note(f"the front server is started: {find(places, folder)}")
        if runs and kind_now in SERVERS and places.facts.containers:  # its container stops by the signal of the kind that is to come
            manager.signal("front", SERVERS[kind_now].stop)
            deadline = time.monotonic() + 40  # for what it has in hand
            while manager.status("front").runs and serving(places) == kind_now and time.monotonic() < deadline:
                time.sleep(0.1)
            if serving(places) != kind_now:  # started by the engine
                return
        manager.restart("front")
    elif _content(Path(before)) != _content(folder):
        reload(places, manager)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}


def reload(places: Places, manager: Manager) -> None:
    """New workers with the new configuration; the old ones finish what they have in hand."""
    if manager.status("front").runs:
        manager.signal("front", SERVERS[serving(places)].reload)


def is_page_up(places: Places) -> bool:
    """Whether users meet the page now."""
    return (places.etc / MAINTENANCE).is_file()


def switch_page(places: Places, wanted: bool) -> None:
    if wanted:
        write(places.etc / MAINTENANCE, template(__package__, MAINTENANCE).encode())
    else:
        unlink(places.etc / MAINTENANCE)
