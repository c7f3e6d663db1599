"""The host tool's command line: JSON events on standard output, the outcome last. Exit 0 done, 1
refused, 2 usage, 3 locked.

A command imports its own parts alone: to load all of them takes longer than most commands take to
run."""

import argparse
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

from .base import Locked, Places, Refused, masking, places, refusal, refusal_of, tell

_ASKED = "SLIPWAY_ASKED"
_SETUP, _OBJECTS = "setup", "objects"  # the commands that need no host.json: there may be none yet
Command = Callable[[Places, argparse.Namespace], Optional[int]]


def main() -> int:
    """Runs one command; the exit status."""
    arguments = _parse()
    os.umask(0o022)  # the app's user reads what is made here; what it must not read is made 0600 by name
    try:
        if arguments.command == _SETUP:
            return int(_part("server.setup").command(Path(arguments.root)))
        if arguments.command == _OBJECTS:
            return _part("commands.objects").serve(arguments.folder) or 0
        where = places.load(Path(arguments.root))
        if arguments.command not in ("launch", "release", "alive"):  # which are the app's, and print nothing
            masking.know_host(where.srv)
        _refuse_another(where)
        return _COMMANDS[arguments.command](where, arguments) or 0
    except KeyboardInterrupt:
        return 130
    except (Refused, OSError) as error:
        tell(refusal(refusal_of(error)))
        return 3 if isinstance(error, Locked) else 1
    except Exception as error:  # noqa: BLE001  people wait for a line, whatever it was
        tell(refusal(Refused(f"{arguments.command}: {type(error).__name__}: {error} (unforeseen)")))
        return 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="host.pyz", description=__doc__)
    parser.add_argument("--root", default="/")
    commands = parser.add_subparsers(dest="command", required=True)
    added = {name: commands.add_parser(name) for name in (*_COMMANDS, _SETUP, _OBJECTS)}
    for name in ("prepare", "commit", "abort", "converge"):
        added[name].add_argument("generation", type=int)
        added[name].add_argument("--token", default="", help="of what is wanted, for the outcome")
    for name in ("prepare", "commit", "converge", "release"):
        added[name].add_argument("release")
    for name in ("prepare", "converge"):
        added[name].add_argument("--elected", action="store_true")
    added["release"].add_argument("schema", nargs="?", default="", help="the database's, before it")
    added[_OBJECTS].add_argument("folder", type=Path)
    added["exec"].add_argument("words", nargs=argparse.REMAINDER)
    added["launch"].add_argument("program")
    added["alive"].add_argument("colour")
    added["logs"].add_argument("-f", "--follow", action="store_true")
    added["logs"].add_argument("-n", "--lines", type=int, default=20)
    added["logs"].add_argument("--marks", help="of what was shown; the last line has them for the next time")
    added["carry"].add_argument("words")
    added["backup"].add_argument("--reason", default="")
    added["backup"].add_argument("--nightly", action="store_true", help="by the timer: old ones of its kind go")
    added["backup"].add_argument("--engine", default="none", help="of the database, where no release serves")
    own = "without a database that is somewhere else; ID: of its backup, which this one goes with"
    added["backup"].add_argument("--own", nargs="?", const="", metavar="ID", help=own)
    added["restore"].add_argument("backup")
    added["restore"].add_argument("--newer-schema", action="store_true")
    added["maintenance"].add_argument("state", choices=("on", "off"))
    added["hold"].add_argument("backup")
    added["let-go"].add_argument("--migrate", action="store_true")
    added["let-go"].add_argument("--load", metavar="ID", help="this host's folders too; ID: as for `backup --own`, of what was there")
    added["leave"].add_argument("--with-data", action="store_true")
    return parser.parse_args()


def _refuse_another(where: Places) -> None:
    """A deployer finds a host by an address or by tags, and says whose it wants. In the
    environment: a tool of before passes over it."""
    wanted, found = os.environ.pop(_ASKED, ""), f"{where.app}/{where.facts.stack}"
    if wanted not in ("", found):
        why = f"{where.host}: wanted a host of {wanted} (app/stack), found one of {found}"
        raise Refused(f"{why}; nothing was done here; look at the settings that led here, and at the tags of this host")


def _part(name: str) -> Any:
    """A module of this tool, imported when a command needs it."""
    return importlib.import_module(f".{name}", __package__)


def _locked(name: str) -> Command:
    return lambda where, given: _part("commands.locked").COMMANDS[name](where, given)


_COMMANDS: dict[str, Command] = {
    **{name: _locked(name) for name in ("prepare", "commit", "converge", "abort", "boot", "halt", "maintenance", "kept", "leave")},
    **{name: _locked(name) for name in ("backup", "backups", "restore", "hold", "let-go")},
    "exec": lambda where, given: _part("processes.launch").run_command(where, given.words),
    "launch": lambda where, given: _part("processes.launch").run(where, given.program),
    "alive": lambda where, given: _part("rollout.gate").alive(where, given.colour),
    "release": lambda where, given: _part("release.release_command").command(where, given.release, given.schema),
    "logs": lambda where, given: _part("commands.logs").show(where, given.lines, given.follow, given.marks),
    "carry": lambda where, given: _part("commands.command_output").run(where, given.words),
    "status": lambda where, given: tell({"ok": True, **_part("commands.status").status(where)}),
    "releases": lambda where, given: tell({"ok": True, "releases": _part("commands.status").releases(where)}),
    "check": lambda where, given: tell({"ok": True, **_part("commands.status").check(where)}),
    "watch": lambda where, given: _part("follow.watch").run(where),
    "certificate": lambda where, given: _part("front.certificates").command(where),
}

if __name__ == "__main__":
    sys.exit(main())
