"""`test`: what must hold before a change lands: checks, the app's tests, Slipway's tests."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ops import call as calls
from ops.display import tables
from ops.stack import workplace
from ops.testing import app_tests

All = Annotated[bool, typer.Option("--all", help="All tests: every launch, real hosts where this machine can have them.")]
Ci = Annotated[bool, typer.Option("--ci", help="As without options, and one test of each slow family.")]
Arguments = Annotated[list[str] | None, typer.Argument(metavar="[ARGS]...", help="For pytest; checks are left out then.")]

# Most of a real launch is waiting: two at once also keep two cores busy. Where few launch, a
# worker keeps to neighbours, which share what they prepare, and takes over when it is done.
_TWO = ("-n", "2", "--maxschedchunk", "1")
_STEALING = ("-n", "2", "--dist", "worksteal", "--faults=check")
_SPEEDS = {"quick": _STEALING, "ci": _STEALING, "all": (*_TWO, "--faults=check")}
_OTHERS = (".venv", ".git", ".slipway", "node_modules", "__pycache__")


def run_tests(context: typer.Context, arguments: Arguments = None, everything: All = False, ci: Ci = False) -> None:
    """Run the checks and the tests of minutes; arguments go to pytest alone."""
    folder = workplace.folder()
    if everything + ci + bool(arguments) > 1:
        calls.refuse("test: wanted --all, --ci or arguments for pytest, found more than one of them")
    if arguments:
        results = {"pytest": _run(_pytest(arguments), folder)}
    else:
        _install_needs(calls.of(context))
        speed = "all" if everything else "ci" if ci else "quick"
        results = _checks_beside(_pytest((*_SPEEDS[speed], f"--speed={speed}")), folder)
    bad = {name: code for name, code in results.items() if code}
    if set(bad) - {"pytest"}:
        tables.line("failed: " + ", ".join(bad), stderr=True)
    if bad:
        raise typer.Exit(next(iter(bad.values())))


def _pytest(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


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
    from components.errors import SlipwayError
    from ops.setup import install
    from ops.testing import packages

    install.ensure(lambda: packages.needs(workplace.folder()))
    try:
        work = workplace.enter(call)
        install.ensure(lambda: work.target.needs(work.settings))
    except SlipwayError as error:
        tables.line(f"slipway: {error}", stderr=True)


def _checks(folder: Path) -> dict[str, int]:
    """Runs them all, also after a failure, and sums up in one line."""
    done = {}
    for name, check in _steps(folder).items():
        tables.line(f"== {name}")
        done[name] = check()
    tables.line("checks: " + ", ".join(f"{name} {'failed' if code else 'ok'}" for name, code in done.items()))
    return done


def _steps(folder: Path) -> dict[str, Callable[[], int]]:
    scripts = [str(path) for path in sorted(shell_scripts(folder))]
    return {
        "ruff check": lambda: _run([_tool("ruff"), "check", "."], folder),
        "ruff format": lambda: _run([_tool("ruff"), "format", "--check", "."], folder),
        "mypy": lambda: _run([_tool("mypy")], folder),
        "shellcheck": lambda: _run([_tool("shellcheck"), *scripts], folder),
        "app tests": lambda: app_tests.run(folder),
    }


def shell_scripts(folder: Path) -> Iterator[Path]:
    """Every file that says it is a shell script; a template is checked when it is rendered."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _OTHERS]
        yield from (path for path in (Path(parent, name) for name in files) if path.suffix != ".j2" and _is_shell(path))


def _is_shell(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            first = file.readline(80)
    except OSError:
        return False
    return first.startswith(b"#!") and first.split()[-1].rpartition(b"/")[2] in (b"sh", b"bash", b"dash")


def _tool(name: str) -> str:
    """The environment's own, else the system's."""
    own = Path(sys.executable).with_name(name)
    return str(own) if own.exists() else shutil.which(name) or name


def _run(command: Sequence[str], folder: Path) -> int:
    sys.stdout.flush()
    try:
        return subprocess.run(command, cwd=folder, check=False).returncode
    except FileNotFoundError:
        tables.line(f"slipway: {command[0]} is missing", stderr=True)
        return 3
