"""The commands about the app's data, and about what stays or goes on leaving."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..base import Places, Refused, Steps, remove, tell
from ..base.files import size_of
from ..contracts.manifest import HostPart
from ..data import backup, restore, stored_backups
from ..front import configuration
from ..processes.managers import systemd
from ..release.manifests import HostStore
from ..rollout import boot
from ..server import system_files
from .rollout import report

_MADE = ("etc/slipway", "opt/slipway", "run/slipway", "var/lib/slipway", "var/log/slipway")
_UNITS = ("etc/systemd/system", "etc/systemd/system/*.wants")
_FILES = (*(f"{folder}/slipway*" for folder in _UNITS), "etc/logrotate.d/slipway*", "var/lib/systemd/timers/stamp-slipway*")
_MOUNTS = tuple(f"{folder}/srv-slipway-*.mount" for folder in _UNITS)


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

    return report(where, "backup", work, facts, settles=True)


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
    return report(
        where, f"maintenance {arguments.state}", lambda steps: configuration.order_page(where, up), {"maintenance": up}, settles=True
    )


def _hold(where: Places, arguments: argparse.Namespace) -> int:
    store, wanted = HostStore(where.store, where.host), arguments.backup
    return report(where, f"hold for the restore of {wanted}", lambda steps: restore.hold(where, wanted, store, steps), settles=True)


def _data_folders(places: Places) -> list[dict[str, Any]]:
    """The folders with data, each as `{"path", "bytes"}`."""
    return [{"path": str(path), "bytes": size_of(path)} for path in _data(places)]


def _leave(places: Places, with_data: bool, steps: Steps) -> None:
    """Takes Slipway off this host: all that it runs and made, the app's data only if told. Run
    again, it goes on where it was stopped."""
    if places.role:
        with steps.step("follow"):
            systemd.call("stop", "slipway.service", "slipway-*.timer")
    with steps.step("halt"):
        boot.halt(places, steps)
    if places.role:
        with steps.step("system"):
            system_files.run(places, HostPart({}, {}))
    with steps.step("remove"):
        _clear(places, with_data)


def _clear(places: Places, with_data: bool) -> None:
    """Removes the host tool last: until then `leave` can be run again."""
    stay = [] if with_data else [*_data(places), places.disk]
    stay += [places.srv / "data"] if places.facts.containers else []  # a volume by itself
    # The disk last: the folders with data may be bound to it.
    for folder in sorted(places.srv.iterdir(), key=places.disk.__eq__) if places.srv.is_dir() else ():
        if folder not in stay:
            _remove(folder)
    for pattern in (*_FILES, *(_MOUNTS if with_data else ())):
        for path in places.root.glob(pattern):
            remove(path)
    if places.role:
        systemd.call("daemon-reload")
    for name in sorted(_MADE, key=lambda one: one.startswith("opt")):
        shutil.rmtree(places.root / name, ignore_errors=True)
    for folder in (places.srv, places.srv.parent):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _remove(folder: Path) -> None:
    """Removes a folder; a disk that is mounted there is emptied and unmounted first."""
    if os.path.ismount(folder):
        for path in folder.iterdir():
            remove(path)
        subprocess.run(["umount", str(folder)], check=True)
    remove(folder)


def _data(places: Places) -> list[Path]:
    return [path for path in places.kept if path.is_dir() and any(path.iterdir())]


COMMANDS: dict[str, Callable[[Places, argparse.Namespace], int | None]] = {
    "backup": _backup,
    "backups": _backups,
    "restore": _restore,
    "maintenance": _maintenance,
    "hold": _hold,
    "let-go": lambda where, given: report(where, "let-go", lambda steps: restore.let_go(where, given.migrate, given.load, steps)),
    "kept": lambda where, given: tell({"ok": True, "kept": _data_folders(where)}),
    "leave": lambda where, given: report(
        where, "leave", lambda steps: _leave(where, given.with_data, steps), {"kept": _data_folders(where)}
    ),
}
