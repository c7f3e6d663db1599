"""The commands about the app's data, and about what stays or goes on leaving."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ..base.outcome import Refused, Steps, tell
from ..base.places import Places
from ..data import backup, restore, stored_backups
from ..front import maintenance
from ..release.store import HostStore
from ..server import uninstall
from .reporting import report


def _backup(where: Places, arguments: argparse.Namespace) -> int:
    facts: dict[str, Any] = {}

    def work(steps: Steps) -> None:
        store = HostStore(where.store, where.host)
        if arguments.nightly:
            made = stored_backups.nightly(where, store, steps)
        else:
            database = backup.database_of(where, arguments.engine, own=arguments.own is not None)
            made = backup.take(where, database, arguments.reason, steps, arguments.own or "")
            if made and where.role:  # a server's goes to its store too
                with steps.step("send"):
                    stored_backups.send(where, store, made["id"])
        facts.update(backup=made, path=str(backup.folder(where) / made["id"]) if made else None)

    return report(where, "backup", restore.settled(where, work), facts)


def _backups(where: Places, arguments: argparse.Namespace) -> None:
    """Lists the backups of this host, and of its store; one that is away is a `problem`."""
    known, problem = {one["id"]: one for one in backup.every(where)}, ""
    try:
        known = {**(stored_backups.every(where, HostStore(where.store, where.host)) if where.role else {}), **known}
    except Refused as refused:
        problem = str(refused)
    listed = [known[identity] for identity in sorted(known, reverse=True)]
    tell({"ok": True, "backups": listed, "path": str(backup.folder(where)), "problem": problem})


def _restore(where: Places, arguments: argparse.Namespace) -> int:
    facts: dict[str, Any] = {}

    def work(steps: Steps) -> None:
        if where.role:
            stored_backups.fetch(where, HostStore(where.store, where.host), arguments.backup)
        facts.update(restore.run(where, arguments.backup, arguments.newer_schema, steps))

    return report(where, f"restore {arguments.backup}", work, facts)


def _maintenance(where: Places, arguments: argparse.Namespace) -> int:
    up = arguments.state == "on"
    work = restore.settled(where, lambda steps: maintenance.order(where, up))
    return report(where, f"maintenance {arguments.state}", work, {"maintenance": up})


def _hold(where: Places, arguments: argparse.Namespace) -> int:
    store = HostStore(where.store, where.host)
    work = restore.settled(where, lambda steps: restore.hold(where, arguments.backup, store, steps))
    return report(where, f"hold for the restore of {arguments.backup}", work)


COMMANDS: dict[str, Callable[[Places, argparse.Namespace], int | None]] = {
    "backup": _backup,
    "backups": _backups,
    "restore": _restore,
    "maintenance": _maintenance,
    "hold": _hold,
    "let-go": lambda where, given: report(where, "let-go", lambda steps: restore.let_go(where, given.migrate, given.load, steps)),
    "kept": lambda where, given: tell({"ok": True, "kept": uninstall.data_folders(where)}),
    "leave": lambda where, given: report(
        where, "leave", lambda steps: uninstall.run(where, given.with_data, steps), {"kept": uninstall.data_folders(where)}
    ),
}
