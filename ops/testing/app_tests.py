"""Tests of the app, in their own environment: the app may pin what Slipway pins otherwise."""

import subprocess
import sys
from pathlib import Path

from ops.bootstrap import venv
from ops.bootstrap.process import Run, StepError, locked, step
from ops.display import tables


def run(folder: Path, app: str = "app") -> int:
    """Gives pytest's exit code; 0 where there is no app or it has no tests."""
    source = folder / app
    if not (source / "tests").is_dir():
        return 0
    place = folder / ".slipway" / "app-tests"
    place.mkdir(parents=True, exist_ok=True)
    try:
        with locked(place / "lock") as run_program:
            _make(run_program, place / "venv", source)
    except StepError as error:
        problem = f"the environment of the app's tests could not be made: {error}"
        tables.line(f"slipway: {problem}", stderr=True)
        return 3
    python = str(venv.python(place / "venv"))
    return subprocess.run([python, "-m", "pytest", "-q"], cwd=source, check=False).returncode


def _make(run: Run, place: Path, source: Path) -> None:
    """Makes it anew when a requirements file changes; the stamp comes last: a kill is noticed."""
    files = [source / name for name in ("requirements.txt", "requirements-test.txt")]
    requirements = [file for file in files if file.exists()]
    stamp = place / "slipway.stamp"
    wanted = sys.version + "\n" + "".join(file.read_text() for file in requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with step("making the environment of the app's tests"):
        venv.create(run, place)
        venv.install(run, place, *(word for file in requirements for word in ("-r", file)))
    stamp.write_text(wanted)
