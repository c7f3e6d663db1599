"""The last lines of everything that talks on a host, and what comes after them."""

import json
import time
from typing import Optional

from ..base import COLOURS, Places, masking
from ..processes import managers
from ..processes.programs import split

_OWN = ("supervisord", "tool")  # of whoever mends the host, not of the app
_POLL = 0.3


def show(places: Places, lines: int, follow: bool, noted: Optional[str] = None) -> None:
    """Prints the last `lines` of each as `SOURCE | line`; with `follow` until interrupted.

    Who can't listen asks again and again: `noted` are the marks of the last time, JSON {name:
    mark}, at first "". Only what came since is printed then, and last the marks for next time."""
    marks = _news(places, json.loads(noted or "{}"), lines)
    if noted is not None:
        print(json.dumps(marks))
    while follow:
        time.sleep(_POLL)
        marks = _news(places, marks, lines)


def _news(places: Places, marks: dict[str, int], lines: int) -> dict[str, int]:
    """Prints what came since the marks, else the last lines of each; the marks where they end.
    What talks for the first time then is new from its first line on."""
    manager, now = managers.of(places), dict[str, int]()
    for name in manager.logged():
        if name not in _OWN:
            said, now[name] = manager.log(name, marks.get(name, 0) if marks else None, lines)
            source = split(name)[1] or ("web" if name in COLOURS else name)
            for line in said:
                print(f"{source:8}| {masking.masked(line)}", flush=True)
    return now
