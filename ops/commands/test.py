"""`test`: what must hold before a change lands: checks, the app's tests, Slipway's tests."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from ops import call as calls
from ops import testing
from ops.display import tables
from ops.stack import workplace

All = Annotated[bool, typer.Option("--all", help="All tests: every launch, real hosts where this machine can have them.")]
Ci = Annotated[bool, typer.Option("--ci", help="As without options, and one test of each slow family.")]
Arguments = Annotated[list[str] | None, typer.Argument(metavar="[ARGS]...", help="For pytest; checks are left out then.")]

_PYTEST = (sys.executable, "-m", "pytest")
_SHELL = re.compile(rb"#!(.*[/ ])?(sh|bash|dash)\s*$")
_OTHERS = (".venv", ".git", ".slipway", "node_modules", "__pycache__")


def run_tests(context: typer.Context, arguments: Arguments = None, everything: All = False, ci: Ci = False) -> None:
    """Run the checks and the tests of minutes; arguments go to pytest alone."""
    folder = workplace.folder()
    if everything + ci + bool(arguments) > 1:
        calls.refuse("test: wanted --all, --ci or arguments for pytest, found more than one of them")
    if arguments:
        results = {"pytest": _run([*_PYTEST, *arguments], folder)}
    else:
        _install_needs(calls.of(context))
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
    from components.errors import SlipwayError
    from ops.setup import install

    install.ensure(lambda: testing.needs(workplace.folder()))
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
    done["app tests"] = testing.app_tests(folder)
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
