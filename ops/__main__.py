"""`python -m ops`, which ./slipway runs."""

import os
import signal
import sys

from ops import INTERRUPTED


def _open_missing_streams() -> None:
    """Started with a closed descriptor (`>&-`), the next file opened would take its number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  (open as long as the process)


def main() -> None:
    """Runs the command line; a reader who has gone away is no error."""
    _open_missing_streams()
    # SIGTERM is as Ctrl-C: the Pulumi CLI is told, and the next run goes on from there.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        from ops.cli import app
    except KeyboardInterrupt:
        print(INTERRUPTED.format(""), file=sys.stderr)
        sys.exit(130)
    try:
        app(prog_name="slipway")
    finally:
        try:
            sys.stdout.flush()
        except OSError:  # Python would try again as it ends, and end with 120
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except ValueError:
            pass


if __name__ == "__main__":
    main()
