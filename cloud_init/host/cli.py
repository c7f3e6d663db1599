"""The host tool's command line: JSON events on standard output, the outcome last. Exit 0 done, 1 refused, 2 usage, 3 locked."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from . import boot, commit, data_commands, launch, logs, places, prepare, status
from .outcome import Locked, Refused, refusal_of
from .places import Places
from .reporting import refusal, reported, tell, told
from .store import Store


def main() -> int:
    """Runs one command; the exit status."""
    arguments = _parse()
    os.umask(0o022)  # the app's user reads what is made here; what it must not read is made 0600 by name
    try:
        where = places.load(Path(arguments.root))
        return int(_COMMANDS[arguments.command](where, arguments) or 0)
    except KeyboardInterrupt:
        return 130
    except Refused as refused:
        tell(refusal(refused, ""))
        return 3 if isinstance(refused, Locked) else 1
    except OSError as error:
        tell(refusal(refusal_of(error), ""))
        return 1
    except Exception as error:  # noqa: BLE001  people wait for a line, whatever it was
        tell(refusal(Refused(f"{arguments.command}: {type(error).__name__}: {error} (unforeseen)"), ""))
        return 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="host.pyz", description=__doc__)
    parser.add_argument("--root", default="/")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("prepare", "commit", "abort"):
        command = commands.add_parser(name)
        command.add_argument("generation", type=int)
        if name != "abort":
            command.add_argument("release")
        if name == "prepare":
            command.add_argument("--elected", action="store_true")
    commands.add_parser("launch").add_argument("program")
    show = commands.add_parser("logs")
    show.add_argument("-f", "--follow", action="store_true")
    show.add_argument("-n", "--lines", type=int, default=20)
    data_commands.add(commands)
    for name in ("boot", "halt", "status", "releases"):
        commands.add_parser(name)
    return parser.parse_args()


def _prepare(where: Places, arguments: argparse.Namespace) -> int:
    store = Store(where.store, where.host)
    return reported(
        where,
        arguments,
        "prepared",
        data_commands.settled(where, lambda steps: prepare.run(where, store, arguments.release, arguments.elected, steps)),
    )


def _commit(where: Places, arguments: argparse.Namespace) -> int:
    work = data_commands.settled(where, lambda steps: commit.run(where, arguments.generation, arguments.release, steps))
    return reported(where, arguments, "live", work)


def _abort(where: Places, arguments: argparse.Namespace) -> int:
    return reported(where, arguments, "aborted", lambda steps: prepare.abort(where, steps))


def _boot(where: Places, arguments: argparse.Namespace) -> int:
    return told(where, "boot", lambda steps: boot.run(where, steps))


def _halt(where: Places, arguments: argparse.Namespace) -> int:
    return told(where, "halt", lambda steps: boot.halt(where, steps))


def _launch(where: Places, arguments: argparse.Namespace) -> None:
    try:
        launch.run(where, arguments.program)
    except (OSError, Refused) as error:
        sys.exit(f"slipway: {refusal_of(error) if isinstance(error, OSError) else error}")  # into the program's log


def _logs(where: Places, arguments: argparse.Namespace) -> None:
    logs.show(where, arguments.lines, arguments.follow)


def _status(where: Places, arguments: argparse.Namespace) -> None:
    tell({"ok": True, **status.status(where)})


def _releases(where: Places, arguments: argparse.Namespace) -> None:
    tell({"ok": True, "releases": status.releases(where)})


_COMMANDS: dict[str, Callable[[Places, argparse.Namespace], int | None]] = {
    "prepare": _prepare, "commit": _commit, "abort": _abort, "boot": _boot, "halt": _halt,
    "launch": _launch, "logs": _logs, "status": _status, "releases": _releases,
    **data_commands.COMMANDS,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
