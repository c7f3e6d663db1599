"""The host tool's commands about the app's data: backup, backups, restore, maintenance."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from . import backup, maintenance, restore
from .outcome import Steps
from .places import Places
from .reporting import Work, tell, told


def add(commands: Any) -> None:
    """Their arguments."""
    save = commands.add_parser("backup")
    save.add_argument("--reason", default="")
    save.add_argument("--engine", default="none", help="of the database, where no release serves")
    back = commands.add_parser("restore")
    back.add_argument("backup")
    back.add_argument("--newer-schema", action="store_true")
    commands.add_parser("maintenance").add_argument("state", choices=("on", "off"))
    commands.add_parser("backups")


def _backup(where: Places, arguments: argparse.Namespace) -> int:
    facts: dict[str, Any] = {}

    def work(steps: Steps) -> None:
        made = backup.take(where, backup.database_of(where, arguments.engine), arguments.reason, steps)
        facts.update(backup=made, path=str(backup.folder(where) / made["id"]) if made else None)

    return told(where, "backup", settled(where, work), facts)


def _backups(where: Places, arguments: argparse.Namespace) -> None:
    tell({"ok": True, "backups": backup.every(where), "path": str(backup.folder(where))})


def _restore(where: Places, arguments: argparse.Namespace) -> int:
    facts: dict[str, Any] = {}

    def work(steps: Steps) -> None:
        facts.update(restore.run(where, arguments.backup, arguments.newer_schema, steps))

    return told(where, f"restore {arguments.backup}", work, facts)


def _maintenance(where: Places, arguments: argparse.Namespace) -> int:
    wanted = arguments.state == "on"
    work = settled(where, lambda steps: maintenance.switch(where, wanted))
    return told(where, f"maintenance {arguments.state}", work, {"maintenance": wanted})


def settled(where: Places, work: Work) -> Work:
    """Work on a host where no restore is left half done."""

    def run(steps: Steps) -> None:
        restore.settle(where, steps)
        work(steps)

    return run


COMMANDS: dict[str, Callable[[Places, argparse.Namespace], int | None]] = {
    "backup": _backup, "backups": _backups, "restore": _restore, "maintenance": _maintenance,
}  # fmt: skip
