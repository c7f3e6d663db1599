"""Run on a host: what every manager promises, tried with a program of its own. Prints what it found, as JSON."""

import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, "/opt/slipway/host.pyz")

from host.base import places
from host.processes import managers
from host.processes.managers import FAILED, RUNNING, STOPPED, WAITING
from host.processes.programs import process

PATIENCE = 60
TOOL = Path("/opt/slipway/host.pyz")
SHARED = Path("/srv/slipway/shop/shared")


def until(good):
    """True once it was good: asked again, it may be over already."""
    deadline = time.monotonic() + PATIENCE
    while not (seen := good()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return seen


def becomes(*states):
    return until(lambda: manager.status(program.name).state in states)


def ready():
    """Its own code runs, and takes signals."""
    return becomes(RUNNING) and until(lambda: (SHARED / "ready").read_text().strip() == str(manager.status(program.name).pid))


manager = managers.of(places.load(Path("/")))
live = os.readlink("/run/slipway/shop/live")
program = process(live, "extra", "sh beat.sh")  # its release has the process, which no step of a release has started
found = {}
before = manager.programs()

manager.add(program)
found["add starts it"] = ready()
told = manager.status(program.name)
found["pid and since are told"] = bool(told.pid) and 0 <= time.time() - told.since < PATIENCE
manager.add(program)
found["add again leaves it alone"] = manager.status(program.name).pid == told.pid
found["it is one of the programs"] = manager.programs() == sorted([*before, program.name])

manager.signal(program.name, "USR1")
found["a signal reaches it"] = until(lambda: (SHARED / "signalled").exists())
os.kill(told.pid, signal.SIGKILL)
found["killed, it comes back"] = until(lambda: manager.status(program.name).pid not in (None, told.pid)) and ready()

pid = manager.status(program.name).pid
manager.restart(program.name)
found["restart is another process"] = ready() and manager.status(program.name).pid != pid
began = time.monotonic()
manager.stop(program.name)
found["stop waits for what it has in hand"] = time.monotonic() - began > 0.3 and manager.status(program.name).state == STOPPED
manager.stop(program.name)
manager.start(program.name)
found["start after stop"] = ready()

TOOL.rename(TOOL.with_suffix(".away"))  # it ends as soon as it starts, however busy this machine is
os.kill(manager.status(program.name).pid, signal.SIGKILL)
found["a crash loop is seen at once"] = until(lambda: manager.status(program.name).ended)
found["a crash loop ends"] = becomes(FAILED) and manager.status(program.name).over and manager.status(program.name).why != ""
TOOL.with_suffix(".away").rename(TOOL)
manager.restart(program.name)
found["restart after a crash loop"] = becomes(RUNNING)

for _ in range(8):
    manager.restart(program.name)
found["restarts in a row are no crash loop"] = becomes(RUNNING) and manager.status(program.name).state not in (WAITING, FAILED)

manager.remove(program.name)
found["remove leaves what was there"] = manager.programs() == before
print(json.dumps(found))
