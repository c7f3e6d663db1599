"""`python3 -m ops.bootstrap SET`: makes .venv with requirements/SET.in, or repairs it."""

import os
import sys
from pathlib import Path

from ops.bootstrap import venv
from ops.bootstrap.venv import Run, StepError, locked, say, step

FOLDER = Path(__file__).resolve().parents[2]
VENV = FOLDER / ".venv"
PRIVATE = FOLDER / ".slipway"
UNFINISHED = PRIVATE / "environment.unfinished"
"""There while .venv is being changed: a kill leaves it behind, and the next run starts afresh."""


def _stamp_text(*files: Path) -> bytes:
    """What ./slipway compares: the Python behind .venv and these files, byte for byte."""
    python = os.path.realpath(venv.python(VENV)).encode()
    return python + b"\n" + b"".join(file.read_bytes() for file in files)


def make(run: Run, wanted: str) -> None:
    """Brings .venv up to date; writes the stamp last, by rename. Raises `StepError`."""
    folder = FOLDER / "requirements"
    file, lock = folder / f"{wanted}.in", folder / "lock.txt"
    stamp = VENV / f"slipway-{wanted}.stamp"
    usable = not UNFINISHED.exists() and venv.works(run, VENV)
    if usable and stamp.exists() and stamp.read_bytes() == _stamp_text(file, lock):
        return  # another run has just finished the work
    UNFINISHED.touch()
    if not usable:
        with step(f"making .venv with Python {sys.version.split()[0]}"):
            venv.create(run, VENV)
    with step(f"installing requirements/{wanted}.in"):
        venv.install(run, VENV, "-r", folder / "pip.txt")
        venv.install(run, VENV, "-r", file, "-c", lock)
    part = stamp.with_suffix(".part")
    part.write_bytes(_stamp_text(file, lock))
    part.rename(stamp)
    UNFINISHED.unlink()


def main(wanted: str) -> int:
    """Gives the exit code: 3 where the environment could not be made."""
    try:
        PRIVATE.mkdir(exist_ok=True)  # open to others: an app may run in a folder below as another user
        with locked(PRIVATE / "environment.lock") as run:
            try:
                make(run, wanted)
            except StepError:  # an orderly failure cuts nothing short, so what there is can be kept
                UNFINISHED.unlink(missing_ok=True)
                raise
    except KeyboardInterrupt:
        say("slipway: interrupted; the next run makes .venv afresh")
        return 130
    except (StepError, OSError) as error:
        say(f"slipway: the Python environment could not be made: {error}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
