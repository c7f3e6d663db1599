"""What a manager starts: becomes a colour's server, or the front server; constant over releases.
`exec` becomes a command in the same way."""

import os
import stat
import sys
import time
from pathlib import Path
from typing import NoReturn

from ..base import COLOURS, Colour, Places, Refused, go_on_as, processes, refusal_of, remove, unlink, write
from ..data import databases
from ..front import configuration
from ..release import files, manifests
from ..rollout import state
from . import programs

_LONGER_THAN_STARTSECS = 1.3  # Supervisor tries again after an exit within `startsecs`; later, exit 0 means nothing to run


def run(places: Places, program: str) -> None:
    """Never returns where there is something to run; a container waits until there is."""
    waits = True
    try:
        while waits:
            _become(places, program)
            time.sleep(_LONGER_THAN_STARTSECS)
            waits = places.facts.containers is not None
    except (OSError, Refused) as error:
        sys.exit(f"slipway: {refusal_of(error)}")  # into the program's log


def _become(places: Places, program: str) -> None:
    if places.role:  # from Supervisor it has the lowest score; systemd has set this one already
        path, score = Path("/proc/self/oom_score_adj"), programs.memory_score(program)
        if int(path.read_text()) < score:
            path.write_text(str(score))
    colour, process = programs.split(program)
    if program == programs.FRONT.name:
        _front(places)
    elif process or program in COLOURS:
        _of_release(places, places.colour(colour or program), process)
    elif cluster := databases.cluster_of(places, program):
        processes.record(places.run / "database" / f"{program}.json", os.getpid())
        os.chdir("/")
        processes.become(cluster.launch(), {**os.environ, "LC_ALL": "C.UTF-8"})


def _of_release(places: Places, colour: Colour, process: str) -> None:
    """The server of the colour's release, or that extra process; from here on in its sources."""
    if not colour.link.exists():
        return
    folder = colour.link.resolve()
    manifest = manifests.read(folder)
    os.chdir(folder / "src")
    if places.facts.release_user:
        os.umask(0o007)  # the release command's user has the app's group
    environment = files.variables(places, folder, manifest)
    if process:
        environment.setdefault("FLASK_APP", manifest.module)
        processes.record(colour.own / f"{process}.json", os.getpid())
        processes.become(programs.becoming(manifest.processes[process]), environment)
    remove(colour.socket)
    environment["SLIPWAY_OWN"] = str(colour.own)  # for `slipway_wsgi.py`
    processes.record(colour.process, os.getpid())
    processes.become([str(folder / "venv/bin/python"), str(folder / "files/start.py"), str(colour.socket)], environment)


def _front(places: Places) -> None:
    if not places.front.exists():
        return
    processes.end(places.front_process, patience=2)  # a master that was killed leaves workers that hold the port
    processes.record(places.front_process, os.getpid())
    served_by = configuration.find(places, places.front)
    out = os.fstat(1)
    if stat.S_ISFIFO(out.st_mode) and os.geteuid() not in (0, out.st_uid):
        # It opens /dev/stdout anew, and may not where that is somebody else's pipe.
        log = os.open(programs.log_path(places, "front"), os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
    write(places.serving, served_by.encode())
    unlink(places.front_process.with_name("pid"))  # Apache ends where a number in its pid file is in use
    server = configuration.SERVERS[served_by]
    processes.become([*server.command(places, places.front), *server.serve])


def run_command(places: Places, words: list[str]) -> NoReturn:
    """This process goes on as a command, as the app's user in the sources of what serves."""
    command = words[1:] if words[:1] == ["--"] else words
    now = state.live(places)
    if not command:
        raise Refused("exec: wanted a command, found none; for example `exec -- flask shell`")
    if now is None:
        raise Refused("exec: wanted a release that serves, found none; run `up` first")
    folder = places.release(now.release)
    manifest = manifests.read(folder)
    terminal = {"TERM": os.environ["TERM"]} if "TERM" in os.environ else {}
    environment = {"FLASK_APP": manifest.module, **terminal, **files.variables(places, folder, manifest)}
    os.chdir(folder / "src")
    user = places.user
    if user is not None and os.geteuid() == 0:
        go_on_as(user)
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        raise Refused(f"exec: {command[0]!r} can't be run ({error.strerror}); look in {folder / 'venv/bin'}") from None
