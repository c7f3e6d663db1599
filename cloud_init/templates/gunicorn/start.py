"""Becomes gunicorn for one colour: `start.py SOCKET`, run by the release's own Python with the release's environment."""

import os
import sys
from pathlib import Path

FILES = Path(__file__).resolve().parent


def main() -> None:
    """Replaces this process, so that the manager's child is gunicorn's master itself."""
    command = [sys.executable, "-m", "gunicorn", "--config", str(FILES / "gunicorn.conf.py")]
    command += ["--bind", "unix:" + sys.argv[1], *sys.argv[2:], "slipway_wsgi:application"]
    os.execv(sys.executable, command)


main()
