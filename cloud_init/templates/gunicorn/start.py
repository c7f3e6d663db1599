"""gunicorn for one colour: `start.py SOCKET`, run by the release's Python in its environment."""

import sys
from pathlib import Path

from gunicorn.app.wsgiapp import run
from gunicorn.errors import HaltServer

FILES = Path(__file__).resolve().parent


def main() -> None:
    """Serves until told to stop. The app's traceback ends the log, not gunicorn's about it."""
    bind = "unix:" + sys.argv[1]
    sys.argv = ["gunicorn", "--config", str(FILES / "gunicorn.conf.py"), "--bind", bind, *sys.argv[2:], "slipway_wsgi:application"]
    try:
        run()
    except HaltServer as halt:
        sys.exit(halt.exit_status)


main()
