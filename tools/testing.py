"""`./slipway test`: what must hold before a change lands: checks, the app's and Slipway's tests."""

import glob
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from components.errors import SlipwayError, UsageError
from ops import bootstrap
from ops import cli as calls
from ops.bootstrap import Run, StepError, locked, step
from ops.display import tables
from ops.stack import workplace

if TYPE_CHECKING:
    from components.target import Need

All = Annotated[bool, typer.Option("--all", help="All tests: every launch, real hosts where this machine can have them.")]
Ci = Annotated[bool, typer.Option("--ci", help="As without options, and one test of each slow family.")]
Arguments = Annotated[list[str] | None, typer.Argument(metavar="[ARGS]...", help="For pytest; checks are left out then.")]

_PYTEST = (sys.executable, "-m", "pytest")
_SHELL = re.compile(rb"#!(.*[/ ])?(sh|bash|dash)\s*$")
_OTHERS = (".venv", ".git", ".slipway", "node_modules", "__pycache__")
_SYSTEM = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))  # not on everybody's PATH


def run_tests(call: calls.Call, arguments: Arguments = None, everything: All = False, ci: Ci = False) -> None:
    """Run the checks and the tests of minutes; arguments go to pytest alone."""
    folder = Path.cwd()
    if everything + ci + bool(arguments) > 1:
        raise UsageError("test: wanted --all, --ci or arguments for pytest, found more than one of them")
    if arguments:
        results = {"pytest": _run([*_PYTEST, *arguments], folder)}
    else:
        _install_needs(call)
        speed = "all" if everything else "ci" if ci else "quick"
        # Most of a real launch is waiting: two at once also keep two cores busy. Where few launch,
        # a worker keeps to neighbours, which share what they prepare, and takes over when done.
        spread = ("--maxschedchunk", "1") if everything else ("--dist", "worksteal")
        results = _checks_beside([*_PYTEST, "-n", "2", *spread, "--faults=check", f"--speed={speed}"], folder)
    bad = {name: code for name, code in results.items() if code}
    if set(bad) - {"pytest"}:
        tables.line("failed: " + ", ".join(bad), stderr=True)
    if bad:
        raise typer.Exit(next(iter(bad.values())))


def _checks_beside(command: Sequence[str], folder: Path) -> dict[str, int]:
    """The checks, while pytest runs. Its output waits for them: its closing line comes last."""
    colour = "--color=yes" if sys.stdout.isatty() else "--color=no"
    pipe, together = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen([*command, colour], cwd=folder, stdout=pipe, stderr=together, text=True, errors="replace") as pytest:
        results = _checks(folder)
        for words in pytest.stdout or ():
            tables.line(words.removesuffix("\n"))
    return {**results, "pytest": pytest.returncode}


def _install_needs(call: calls.Call) -> None:
    """Installs the programs that tests name, and the target's; tests say what they miss."""
    workplace.ensure(lambda: needs(Path.cwd()))
    try:
        workplace.enter(call).install_needs()
    except SlipwayError as error:
        tables.line(f"slipway: {error}", stderr=True)


def _checks(folder: Path) -> dict[str, int]:
    """Runs them all, also after a failure, and sums up in one line."""
    commands = {
        "ruff check": ["ruff", "check", "."],
        "ruff format": ["ruff", "format", "--check", "."],
        "mypy": ["mypy"],
        "shellcheck": ["shellcheck", *map(str, sorted(shell_scripts(folder)))],
    }
    done = {}
    for name, (tool, *words) in commands.items():
        tables.line(f"== {name}")
        done[name] = _run([str(Path(sys.executable).with_name(tool)), *words], folder)
    tables.line("== app tests")
    done["app tests"] = app_tests(folder)
    tables.line("checks: " + ", ".join(f"{name} {'failed' if code else 'ok'}" for name, code in done.items()))
    return done


def shell_scripts(folder: Path) -> Iterator[Path]:
    """Every file that says it is a shell script; a template is checked when it is rendered."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _OTHERS]
        for path in (Path(parent, name) for name in files if not name.endswith(".j2")):
            with suppress(OSError), path.open("rb") as file:  # a link may lead nowhere
                if _SHELL.match(file.readline(80)):
                    yield path


def _run(command: Sequence[str], folder: Path) -> int:
    sys.stdout.flush()
    try:
        return subprocess.run(command, cwd=folder, check=False).returncode
    except FileNotFoundError:
        tables.line(f"slipway: {command[0]} is missing", stderr=True)
        return 3


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
    return subprocess.run([str(bootstrap.python(place / "venv")), "-m", "pytest", "-q"], cwd=source, check=False).returncode


def _make(run: Run, place: Path, source: Path) -> None:
    """Makes it anew when a requirements file changes; the stamp comes last: a kill is noticed."""
    files = [source / name for name in ("requirements.txt", "requirements-test.txt")]
    requirements = [file for file in files if file.exists()]
    stamp = place / "slipway.stamp"
    wanted = sys.version + "\n" + "".join(file.read_text() for file in requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with step("making the environment of the app's tests"):
        bootstrap.create(run, place)
        bootstrap.install(run, place, *(word for file in requirements for word in ("-r", file)))
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
