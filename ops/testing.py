"""What `./slipway test` needs beside pytest: the app's own tests, and packages."""

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops.bootstrap import venv
from ops.bootstrap.venv import Run, StepError, locked, step
from ops.display import tables

if TYPE_CHECKING:
    from components.target import Need

_SYSTEM = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))  # not on everybody's PATH


def app_tests(folder: Path) -> int:
    """Runs the app's tests in their own environment: the app may pin what Slipway pins otherwise.

    Gives pytest's exit code; 0 where there is no app or it has no tests."""
    source, place = folder / "app", folder / ".slipway/app-tests"
    if not (source / "tests").is_dir():
        return 0
    place.mkdir(parents=True, exist_ok=True)
    try:
        with locked(place / "lock") as run_program:
            _make(run_program, place / "venv", source)
    except StepError as error:
        tables.line(f"slipway: the environment of the app's tests could not be made: {error}", stderr=True)
        return 3
    return subprocess.run([str(venv.python(place / "venv")), "-m", "pytest", "-q"], cwd=source, check=False).returncode


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


def needs(folder: Path) -> "list[Need]":
    """A need for each line of tests/packages.txt: Debian packages whose programs the tests run for
    real. None is required, as a test without its program is skipped."""
    from components.target import Need

    file = folder / "tests/packages.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    found = []
    for words, _, why in (line.partition("#") for line in lines if line.strip() and not line.startswith("#")):
        package, program = words.split()
        found.append(Need(Path(program).name, f"tests: {why.strip()}", (package,), is_here(program), required=False))
    return found


def is_here(program: str) -> bool:
    """Whether there is that program: a name, or a path with wildcards."""
    if program.startswith("/"):
        return bool(glob.glob(program))
    return shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", ""), _SYSTEM))) is not None
