"""`python3 -m ops.bootstrap WANTED`: .venv with requirements/WANTED.txt, made once, repaired after a kill."""

import os
import shutil
import sys
from pathlib import Path

from ops.bootstrap import venv
from ops.bootstrap.process import Run, StepError, locked, say, step

FOLDER = Path(__file__).resolve().parents[2]
VENV = FOLDER / ".venv"
PRIVATE = FOLDER / ".slipway"
UNFINISHED = PRIVATE / "environment.unfinished"
"""There while .venv is being changed: if a kill leaves it behind, the next run starts .venv afresh."""


def wanted_stamp() -> bytes:
    """What ./slipway compares: the Python behind .venv and every requirements file, byte for byte."""
    files = sorted((FOLDER / "requirements").glob("*.txt"))
    return os.path.realpath(venv.python(VENV)).encode() + b"\n" + b"".join(file.read_bytes() for file in files)


def is_fresh(stamp: Path) -> bool:
    """Whether another run has just finished the work."""
    python = venv.python(VENV)
    return os.access(python, os.X_OK) and stamp.exists() and stamp.read_bytes() == wanted_stamp()


def discard() -> None:
    """Moves .venv away in one rename, then removes it; also what an earlier, killed run moved away."""
    if VENV.is_symlink():
        VENV.unlink()
    elif VENV.exists():
        VENV.rename(PRIVATE / f"discarded-{os.getpid()}")
    for old in PRIVATE.glob("discarded-*"):
        shutil.rmtree(old, ignore_errors=True)


def make(run: Run, wanted: str) -> None:
    """The environment; the stamp comes last, by rename."""
    stamp = VENV / f"slipway-{wanted}.stamp"
    if is_fresh(stamp) and not UNFINISHED.exists():
        return
    uv = venv.system_uv(run)
    usable = not UNFINISHED.exists() and venv.works(run, VENV)
    if not usable and not uv:
        venv.ensure_ensurepip(run)
    UNFINISHED.touch()
    if not usable:
        discard()
        with step(f"making .venv with Python {sys.version.split()[0]}"):
            venv.create(run, VENV, uv)
    with step(f"installing requirements/{wanted}.txt"):
        venv.install(run, VENV, uv, [FOLDER / f"requirements/{name}.txt" for name in dict.fromkeys(("base", wanted))])
    part = stamp.with_suffix(".part")
    part.write_bytes(wanted_stamp())
    part.rename(stamp)
    UNFINISHED.unlink()


def attempt(wanted: str) -> None:
    """Under the lock. An orderly failure cuts nothing short, so what there is can be kept."""
    PRIVATE.mkdir(exist_ok=True)  # open to others: the app may run as another user, in a folder below
    with locked(PRIVATE / "environment.lock") as run:
        try:
            make(run, wanted)
        except StepError:
            UNFINISHED.unlink(missing_ok=True)
            raise


def main(wanted: str) -> int:
    """Exit code 3: something this machine lacks."""
    try:
        attempt(wanted)
    except KeyboardInterrupt:
        say("slipway: interrupted; the next run makes .venv afresh")
        return 130
    except (StepError, OSError) as error:
        say(f"slipway: the Python environment could not be made\n{error}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
