"""How a command ends: its errors as one block of words and an exit code, never a traceback."""

import functools
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, ParamSpec

import typer

from ops import call as calls
from ops.display import tables

P = ParamSpec("P")


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Wraps a command so that whatever it raises is told in plain words."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (typer.Exit, typer.Abort):
            raise
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  (the one place where an unexpected error ends)
            _end(error, kwargs.get("context"))

    return run


def _end(error: BaseException, context: object) -> NoReturn:
    call = getattr(context, "obj", None) or calls.Call()
    if isinstance(error, KeyboardInterrupt):
        _say(f"interrupted; what serves: ./slipway -s {call.stack} status; the next run finishes or undoes the rest")
        sys.unraisablehook = lambda _: None  # what was cut off may complain while Python ends
        raise typer.Exit(130)
    if isinstance(error, BrokenPipeError):
        raise typer.Exit(0)
    from components.errors import SlipwayError

    if isinstance(error, SlipwayError):
        _say(str(error))
        raise typer.Exit(error.exit_code)
    _say(f"internal error: {_first_line(error)} (details in {_record(call.stack)})")
    raise typer.Exit(1)


def _say(text: str) -> None:
    tables.line(f"slipway: {text}", stderr=True)


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def _record(stack: str) -> str:
    """Writes the traceback where the stack's other files are; 0600, as it may quote settings."""
    path = Path(".slipway") / stack / "crash.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(traceback.format_exc())
    except OSError as problem:
        traceback.print_exc(file=sys.stderr)
        return f"no file: {problem.strerror}"
    return str(path)
