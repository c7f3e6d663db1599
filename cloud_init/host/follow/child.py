"""A command of this very tool, run as a child of `watch`, whose events are read beside it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

from .. import contracts
from ..base.places import Places
from ..contracts.rollout import Outcome


class Child:
    """A running command, its `events` so far, and its `outcome` once it has told one."""

    def __init__(self, places: Places, arguments: Sequence[str]) -> None:
        command = [sys.executable, "-I", str(places.tool), "--root", str(places.root), *arguments]
        self.name = arguments[0]
        self.events: list[dict[str, Any]] = []
        self.outcome: Outcome | None = None
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        self._seen = 0
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def listen(self) -> bool:
        """Whether there are events that came since it was asked last."""
        before, self._seen = self._seen, len(self.events)
        return self._seen > before or bool(self.outcome)

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
