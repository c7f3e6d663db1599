"""The host tool with an accident at a certain moment: `tool_at.py TOOL ACCIDENT WHEN STEP -- ARGUMENTS`.

ACCIDENT: `kill` (SIGKILL to itself) or `fill` (the tree's file system is filled to the last byte). WHEN: `before`, `after`, `inside`
(30 ms after the step began). Only the moment is arranged; everything else is the tool itself.
"""

import contextlib
import importlib
import os
import sys
import threading
import time
from pathlib import Path

tool, accident, when, wanted = sys.argv[1:5]
sys.argv = [tool, *sys.argv[6:]]
sys.path.insert(0, tool)

cli, outcome = importlib.import_module("host.cli"), importlib.import_module("host.base.outcome")


def strike():
    if accident == "kill":
        sys.stdout.flush()
        os.kill(os.getpid(), 9)
    root = Path(sys.argv[sys.argv.index("--root") + 1])
    with open(root / "filler", "ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def later():
    time.sleep(0.03)
    strike()


step = outcome.Steps.step


@contextlib.contextmanager
def arranged(self, name):
    if name == wanted and when == "before":
        strike()
    if name == wanted and when == "inside":
        threading.Thread(target=later, daemon=True).start()
    with step(self, name):
        yield
    if name == wanted and when == "after":
        strike()


outcome.Steps.step = arranged
sys.exit(cli.main())
