"""The pace of something that is done again and again: steady, and ever slower while it fails."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

_LONGEST = 60.0


@dataclass
class Pace:
    """Due every so many seconds, give or take a fifth, so that hosts don't act at once."""

    every: float
    failures: int = 0
    _next: float = 0.0

    def due(self) -> bool:
        return time.monotonic() >= self._next

    def went(self, well: bool) -> None:
        """Sets the time when it is due next, after it was done or failed."""
        self.failures = 0 if well else self.failures + 1
        wait = min(_LONGEST, self.every * 2.0 ** min(self.failures, 10)) if self.failures else self.every
        self._next = time.monotonic() + wait * random.uniform(0.8, 1.2)
