"""The service of a server: reads what the store wants, does it, and tells how that goes. Where
deployers drive it, it only brings up what served."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Optional

from .. import contracts
from ..base import Places, Refused, refusal, refusal_of, sha256_of
from ..contracts.rollout import DesiredState, Heartbeat, Outcome
from ..release.manifests import HostStore
from ..rollout import state
from ..server import setup
from ..stores import Away
from .decide import COMMIT, CONVERGE, PREPARE, Action, Attempts, Here, Pace, decide, now
from .health import Health

DESIRED = "desired.json"
_LOOK = 3.0  # seconds between two looks
_TICK = 0.1
_BOOT = 5.0  # seconds between two boots, ever more where they fail


def run(places: Places) -> None:
    """Follows the store until TERM. An action that it started goes on."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    _notify("READY=1")
    if places.role:
        setup.install(places.root)
    watch = Watch(places)
    while not stop.wait(_TICK):
        watch.turn()
        _notify("WATCHDOG=1")


def _notify(words: str) -> None:
    """Sends `READY=1` or the like to systemd, if systemd started this."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect("\0" + address[1:] if address.startswith("@") else address)
            sender.send(words.encode())


class Watch:
    """The service, turn by turn: one action at a time, none is cut short."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.store = HostStore(places.store, places.host)
        self.tool = sha256_of(places.tool)
        self.attempts = Attempts(places.lib / "watch.json", goes_on=not places.is_driven)
        self.look, self.health = Pace(_LOOK), Health(places, self.store, _LOOK / 2, self.attempts.failure)
        self.wanted, self.tag = DesiredState(0), ""
        self.action: Optional[Action] = None
        self.child: "Optional[Child]" = Child(places, ["boot"])
        self.boot = Pace(_BOOT)
        self.is_whole = True

    def turn(self) -> None:
        """Looks, acts and reports, as far as each is due."""
        self._look()
        # After a command that was killed; again and again where a boot failed.
        if self.child is None and self.boot.due() and not self.is_whole:
            self.child = Child(self.places, ["boot"])
        if self.child is None:
            self._act()
        if self.child and self.child.ended():
            self._finish(self.child)
        self.health.catch_up()
        here = Heartbeat(live=state.served(self.places), tool=self.tool)
        if self.action and self.child:
            acting, events = self._reported_as(self.action), tuple(self.child.events)
            here = replace(here, acting=acting, token=self.attempts.token, events=events)
        self.health.beat(here)

    def _look(self) -> None:
        if self.places.is_driven or not self.look.due():
            return
        try:
            found = self.store.objects.changed(DESIRED, self.tag)
        except Away as away:
            self.look.went(False)
            return self.health.used_store(str(away))
        self.look.went(True)
        self.health.used_store("")
        if found is None:
            return
        self.tag, self.health.desired = found.tag, ""
        try:
            self.wanted = contracts.read(DesiredState, json.loads(found.data)) if found.data is not None else self.wanted
        except ValueError as error:
            self.health.desired = f"store: {DESIRED} is damaged ({error}); what served goes on"

    def _act(self) -> None:
        idle, tried = state.prepared(self.places), self.attempts
        ready = idle if idle == tried.prepared else None
        here = Here(self.places.host, state.served(self.places), ready, tried.generation, tried.tried, tried.token)
        action = decide(self.wanted, here, now())
        if action is None or (self.look.failures and action.kind in (PREPARE, CONVERGE)):
            return
        try:
            if action.kind in (PREPARE, CONVERGE):
                wanted = self.store.json(f"releases/{action.release}/manifest.json").get("tool")  # a newer tool reads the rest
                if wanted and wanted != self.tool:  # goes on as the release's tool, if that works
                    setup.adopt_tool(self.places, self.store, str(wanted))
                    print(f"tool {self.tool[:12]} makes way for {wanted[:12]}", flush=True)
                    os.execv(sys.executable, [sys.executable, "-I", str(self.places.tool), "--root", str(self.places.root), "watch"])
        except Away as away:
            self.look.went(False)
            return self.health.used_store(str(away))
        except (Refused, OSError) as error:
            self.attempts.begin(action, self.wanted)
            return self._ended(action, refusal(refusal_of(error), "tool"))
        self.attempts.begin(action, self.wanted)
        self.action, self.child = action, Child(self.places, self._arguments(action))

    def _finish(self, child: "Child") -> None:
        action, self.action, self.child = self.action, None, None
        self.is_whole = not child.was_killed and (child.verdict.ok if action is None else self.is_whole)
        if action is None:
            self.boot.went(self.is_whole)
            self.health.failure = "" if child.verdict.ok else f"boot: {child.verdict.message}"
        elif not child.locked_out:
            self._ended(action, child.verdict)

    def _ended(self, action: Action, outcome: Outcome) -> None:
        failure = "" if outcome.ok else f"{outcome.step}: {outcome.message}"
        self.attempts.end(action, failure)
        self.health.failure = self.attempts.failure or self.attempts.unwritten
        if not outcome.kept:
            generation, phase = self._reported_as(action), outcome.phase or "failed"
            of: dict[str, Any] = {
                "host": self.places.host,
                "release": action.release,
                "generation": generation,
                "token": self.attempts.token,
            }
            self.health.unsent[str(generation)] = replace(outcome, phase=phase, **of)
        print(f"generation {action.generation}: {action.kind} {action.release or ''} {failure or 'done'}", flush=True)

    def _reported_as(self, action: Action) -> int:
        """The outcome's generation: coming back to `live` beside a proposal is the one before."""
        return action.generation - (action.kind == CONVERGE and self.wanted.candidate is not None)

    def _arguments(self, action: Action) -> list[str]:
        words = [action.kind, str(self._reported_as(action)), *([action.release] if action.release else [])]
        words.append(f"--token={self.wanted.token}")
        return [*words, "--elected"] if action.elected and action.kind != COMMIT else words


class Child:
    """A running command, its `events` so far, and its `outcome` once it has told one."""

    def __init__(self, places: Places, arguments: Sequence[str]) -> None:
        command = [sys.executable, "-I", str(places.tool), "--root", str(places.root), *arguments]
        self.name = arguments[0]
        self.events: list[dict[str, Any]] = []
        self.outcome: Optional[Outcome] = None
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def ended(self) -> bool:
        """True once it has ended and all its events have been read."""
        if self._process.poll() is None:
            return False
        self._listener.join(1)  # what it started may hold its output
        return True

    @property
    def verdict(self) -> Outcome:
        """The process's outcome; if it told none, one that says how it ended."""
        code = self._process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        return self.outcome or Outcome(False, step=self.name, message=f"the host tool {how} and told no outcome")

    @property
    def was_killed(self) -> bool:
        """Whether a signal ended it, in the middle of whatever it did."""
        return bool(self._process.returncode and self._process.returncode < 0)

    @property
    def locked_out(self) -> bool:
        """Whether another run held the host's lock for as long as the command would wait."""
        return self._process.returncode == 3

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            try:
                event = json.loads(line)
                if event.get("event") == "outcome":
                    self.outcome = contracts.read(Outcome, event)
                else:
                    self.events.append(event)
            except (ValueError, AttributeError):  # whatever else a program writes there
                print(line.decode(errors="replace"), end="", file=sys.stderr)
