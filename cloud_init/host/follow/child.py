"""A command of this very tool, run as a child of `watch`, whose events are read without waiting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
        assert self._process.stdout is not None
        self._out = self._process.stdout.fileno()
        os.set_blocking(self._out, False)
        self._rest = b""

    def listen(self) -> bool:
        """Reads the events that came since; True if there are any."""
        before = len(self.events)
        while chunk := self._read():
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                self._hear(line)
        return len(self.events) > before or bool(self.outcome)

    def ended(self) -> bool:
        """True once it has ended and all its events have been read."""
        if self._process.poll() is None:
            return False
        self.listen()
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

    def _read(self) -> bytes:
        try:
            return os.read(self._out, 65536)
        except BlockingIOError:
            return b""

    def _hear(self, line: bytes) -> None:
        try:
            event = json.loads(line)
            if event.get("event") == "outcome":
                self.outcome = contracts.read(Outcome, event)
                return
        except ValueError:
            return print(line.decode(errors="replace"), file=sys.stderr)
        self.events.append(event)
