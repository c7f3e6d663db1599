"""The host tool's commands about the app's data: backup, backups, restore, maintenance, what is kept and what goes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ..base.outcome import Refused, Steps
from ..base.places import Places
from .reporting import Work, tell, told


def add(commands: Any) -> None:
    """Their arguments."""
    save = commands.add_parser("backup")
    save.add_argument("--reason", default="")
    save.add_argument("--nightly", action="store_true", help="by the timer: old ones of its kind go")
    save.add_argument("--engine", default="none", help="of the database, where no release serves")
    back = commands.add_parser("restore")
    back.add_argument("backup")
    back.add_argument("--newer-schema", action="store_true")
    commands.add_parser("maintenance").add_argument("state", choices=("on", "off"))
    commands.add_parser("hold").add_argument("backup")
    commands.add_parser("let-go").add_argument("--migrate", action="store_true")
    commands.add_parser("leave").add_argument("--with-data", action="store_true")
    for name in ("backups", "kept"):
        commands.add_parser(name)


def _backup(where: Places, arguments: argparse.Namespace) -> int:
    from ..data import backup, nightly
    from ..release.store import Store

    facts: dict[str, Any] = {}

    def work(steps: Steps) -> None:
        made = nightly.run(where, Store(where.store, where.host), steps) if arguments.nightly else _taken(where, arguments, steps)
        facts.update(backup=made, path=str(backup.folder(where) / made["id"]) if made else None)

    return told(where, "backup", settled(where, work), facts)


def _taken(where: Places, arguments: argparse.Namespace, steps: Steps) -> dict[str, Any] | None:
    """A server's goes to its store too."""
    from ..data import backup, stored_backups
    from ..release.store import Store

    made = backup.take(where, backup.database_of(where, arguments.engine), arguments.reason, steps)
    if made and where.role:
        with steps.step("send"):
            stored_backups.send(where, Store(where.store, where.host), made["id"])
    return made


def _backups(where: Places, arguments: argparse.Namespace) -> None:
    """Those of this host, and those that its store alone has; a store that is away is told."""
    from ..data import backup, stored_backups
    from ..release.store import Store

    found, problem = {one["id"]: one for one in backup.every(where)}, ""
    try:
        found = {**(stored_backups.every(where, Store(where.store, where.host)) if where.role else {}), **found}
    except Refused as refused:
        problem = str(refused)
    listed = [found[identity] for identity in sorted(found, reverse=True)]
    tell({"ok": True, "backups": listed, "path": str(backup.folder(where)), "problem": problem})


def _restore(where: Places, arguments: argparse.Namespace) -> int:
    from ..data import restore, stored_backups
    from ..release.store import Store

    facts: dict[str, Any] = {}

    def work(steps: Steps) -> None:
        if where.role:
            stored_backups.fetch(where, Store(where.store, where.host), arguments.backup)
        facts.update(restore.run(where, arguments.backup, arguments.newer_schema, steps))

    return told(where, f"restore {arguments.backup}", work, facts)


def _maintenance(where: Places, arguments: argparse.Namespace) -> int:
    from ..front import maintenance

    wanted = arguments.state == "on"
    work = settled(where, lambda steps: maintenance.switch(where, wanted))
    return told(where, f"maintenance {arguments.state}", work, {"maintenance": wanted})


def _hold(where: Places, arguments: argparse.Namespace) -> int:
    from ..data import hold

    work = settled(where, lambda steps: hold.hold(where, arguments.backup, steps))
    return told(where, f"hold for the restore of {arguments.backup}", work)


def _let_go(where: Places, arguments: argparse.Namespace) -> int:
    from ..data import hold

    return told(where, "let-go", lambda steps: hold.let_go(where, arguments.migrate, steps))


def _kept(where: Places, arguments: argparse.Namespace) -> None:
    from ..server import uninstall

    tell({"ok": True, "kept": uninstall.kept(where)})


def _leave(where: Places, arguments: argparse.Namespace) -> int:
    from ..server import uninstall

    return told(where, "leave", lambda steps: uninstall.run(where, arguments.with_data, steps), {"kept": uninstall.kept(where)})


def settled(where: Places, work: Work) -> Work:
    """Work on a host where no restore is left half done."""
    from ..data import restore

    def run(steps: Steps) -> None:
        restore.settle(where, steps)
        work(steps)

    return run


COMMANDS: dict[str, Callable[[Places, argparse.Namespace], int | None]] = {
    "backup": _backup, "backups": _backups, "restore": _restore, "maintenance": _maintenance, "hold": _hold, "let-go": _let_go,
    "kept": _kept, "leave": _leave,
}  # fmt: skip
