"""granian for one colour: `start.py SOCKET`, run by the release's Python in its environment."""

import json
import sys
from pathlib import Path

FILES = Path(__file__).resolve().parent
BACKLOG = 1024

sys.path.insert(0, str(FILES))  # its workers inherit that


def main():
    """Serves until told to stop."""
    import capacity
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels

    values = json.loads((FILES / "server.json").read_text(encoding="utf-8"))
    Granian(
        "slipway_wsgi:application",
        uds=Path(sys.argv[1]),
        uds_permissions=0o660,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=values["workers"] or capacity.workers("gthread"),
        blocking_threads=values["threads"],
        backlog=BACKLOG,
        workers_kill_timeout=30,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main()
