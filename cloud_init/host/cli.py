"""The host tool's command line: JSON events on standard output, the outcome last. Exit 0 done, 1 refused, 2 usage, 3 locked.

A command imports its own parts: all of them together take longer to load than most commands to run.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .base import places
from .base.outcome import Locked, Refused, Steps, refusal_of
from .base.places import Places
from .commands import data, rollout
from .commands.reporting import Work, refusal, tell


def main() -> int:
    """Runs one command; the exit status."""
    arguments = _parse()
    os.umask(0o022)  # the app's user reads what is made here; what it must not read is made 0600 by name
    try:
        if arguments.command in _BEFORE_SETUP:
            return _BEFORE_SETUP[arguments.command](arguments)
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
    for name in ("prepare", "commit", "abort", "converge"):
        command = commands.add_parser(name)
        command.add_argument("generation", type=int)
        if name != "abort":
            command.add_argument("release")
        if name in ("prepare", "converge"):
            command.add_argument("--elected", action="store_true")
    commands.add_parser("exec").add_argument("words", nargs=argparse.REMAINDER)
    start = commands.add_parser("launch")
    start.add_argument("manager")
    start.add_argument("program")
    show = commands.add_parser("logs")
    show.add_argument("-f", "--follow", action="store_true")
    show.add_argument("-n", "--lines", type=int, default=20)
    show.add_argument("--marks", help="of what was shown; the last line has them for the next time")
    commands.add_parser("carry").add_argument("words")
    more = commands.add_parser("carried")
    more.add_argument("token")
    more.add_argument("start", type=int)
    data.add(commands)
    commands.add_parser("store").add_argument("address")
    for name in ("boot", "halt", "status", "releases", "setup", "watch", "check", "certificate", "later", "compile"):
        commands.add_parser(name)
    return parser.parse_args()


def _watch(where: Places, arguments: argparse.Namespace) -> None:
    from .follow import watch

    watch.run(where)


def _check(where: Places, arguments: argparse.Namespace) -> None:
    from .commands import check

    tell({"ok": True, **check.run(where)})


def _exec(where: Places, arguments: argparse.Namespace) -> None:
    from .commands import execute

    execute.run(where, arguments.words)


def _certificate(where: Places, arguments: argparse.Namespace) -> int:
    from .front import certificates
    from .front.certificates import seeking

    return _beside(lambda steps: seeking.run(where, steps), lambda: {"tls": certificates.status(where, seeking.of_live(where))})


def _later(where: Places, arguments: argparse.Namespace) -> int:
    from .rollout import later

    return _beside(lambda steps: later.run(where, steps))


def _beside(work: Work, facts: Callable[[], dict[str, Any]] = dict) -> int:
    """Without the host's lock: the authority, or apt, takes its time, and a release must not wait for it."""
    steps = Steps()
    try:
        work(steps)
    except Refused as refused:
        tell(refusal(refused, steps.of(refused)))
        return 1
    tell({"ok": True, **facts()})
    return 0


def _launch(where: Places, arguments: argparse.Namespace) -> None:
    from .processes import launch

    try:
        launch.run(where, arguments.manager, arguments.program)
    except (OSError, Refused) as error:
        sys.exit(f"slipway: {refusal_of(error) if isinstance(error, OSError) else error}")  # into the program's log


def _logs(where: Places, arguments: argparse.Namespace) -> None:
    from .commands import logs

    if arguments.marks is not None:
        return logs.since(where, arguments.lines, arguments.marks)
    logs.show(where, arguments.lines, arguments.follow)


def _carry(where: Places, arguments: argparse.Namespace) -> None:
    from .commands import paged_output

    paged_output.run(where, arguments.words)


def _carried(where: Places, arguments: argparse.Namespace) -> None:
    from .commands import paged_output

    paged_output.more(where, arguments.token, arguments.start)


def _status(where: Places, arguments: argparse.Namespace) -> None:
    from .commands import status

    tell({"ok": True, **status.status(where)})


def _releases(where: Places, arguments: argparse.Namespace) -> None:
    from .commands import status

    tell({"ok": True, "releases": status.releases(where)})


def _setup(arguments: argparse.Namespace) -> int:
    from .server import setup

    return setup.command(Path(arguments.root))


def _compile(arguments: argparse.Namespace) -> int:
    from . import compiled

    compiled.make(Path(arguments.root) / "opt/slipway/host.pyz")
    return 0


def _store(arguments: argparse.Namespace) -> int:
    from .stores import agent

    return agent.run(arguments.address)


_COMMANDS: dict[str, Callable[[Places, argparse.Namespace], int | None]] = {
    "exec": _exec, "carry": _carry, "carried": _carried, "watch": _watch, "check": _check, "certificate": _certificate, "later": _later,
    "launch": _launch, "logs": _logs, "status": _status, "releases": _releases,
    **rollout.COMMANDS, **data.COMMANDS,
}  # fmt: skip

# What needs no host.json: there may be none yet.
_BEFORE_SETUP: dict[str, Callable[[argparse.Namespace], int]] = {"setup": _setup, "compile": _compile, "store": _store}


if __name__ == "__main__":
    sys.exit(main())
