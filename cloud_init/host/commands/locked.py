"""The commands under the host's lock: of a rollout and of all of the app up and down, which the
host's role does; about the app's data; and leaving. Each outcome is told, stored and audited."""

import argparse
import json
import os
import shutil
import subprocess
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

from .. import contracts, rollout
from ..base import Locked, Places, Refused, Steps, masking, note, refusal, refusal_of, remove, size_of, tell
from ..base.lock import held
from ..contracts.manifest import HostPart
from ..contracts.rollout import DesiredState, Outcome
from ..data import backup, restore, stored_backups
from ..front import configuration
from ..processes.managers import systemd
from ..release.manifests import HostStore
from ..rollout import boot, state
from ..server import system_files

Work = Callable[[Steps], None]
_MADE = ("etc/slipway", "opt/slipway", "run/slipway", "var/lib/slipway", "var/log/slipway")
_UNITS = ("etc/systemd/system", "etc/systemd/system/*.wants")
_FILES = (*(f"{folder}/slipway*" for folder in _UNITS), "etc/logrotate.d/slipway*", "var/lib/systemd/timers/stamp-slipway*")
_MOUNTS = tuple(f"{folder}/srv-slipway-*.mount" for folder in _UNITS)


def report(where: Places, reason: str, work: Work, extra: Optional[dict[str, Any]] = None, settles: bool = False) -> int:
    """Runs other work; `extra`, which it may fill, joins the outcome. `settles`: a restore that was
    interrupted is finished, or undone, before. Raises `Locked`."""
    outcome = _run(where, reason, work, settles)
    tell({**(extra or {}), **contracts.document(outcome)})
    return 0 if outcome.ok else 1


def _run(where: Places, reason: str, work: Work, settles: bool) -> Outcome:
    steps = Steps()
    began = time.monotonic()
    try:
        with held(where.lib / "lock", reason):
            if settles:
                restore.settle(where, steps)
            work(steps)
        result = Outcome(True)
    except Locked:
        raise
    except (Refused, OSError) as error:
        result = refusal(refusal_of(error), steps.of(error))
    except Exception as error:  # noqa: BLE001  whatever it was, the coordinator must hear of it
        path, trace = where.log / "tool.log", traceback.format_exc()
        _try(lambda: masking.append(path, trace))
        unforeseen = Refused(f"{type(error).__name__}: {error} (unforeseen; where it happened is in {path})")
        result = refusal(unforeseen, steps.of(error))
    seconds = round(time.monotonic() - began, 3)
    result = replace(result, at=time.time(), host=where.host, seconds=seconds, steps=tuple(steps.done))
    verdict = "ok" if result.ok else f"failed at {result.step}"
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    _try(lambda: masking.append(where.lib / "audit.log", f"{stamp} {reason} {verdict}\n"))
    return result


def _try(write: Callable[[], None]) -> bool:
    """Runs it; a record that can't be written must not hide the outcome."""
    try:
        write()
        return True
    except (OSError, Refused) as error:
        note(f"not recorded: {refusal_of(error)}")
        return False


def _phase(name: str, *works: str) -> Callable[[Places, argparse.Namespace], int]:
    """A phase that ends in the state of that name, by these works of the host's role. Its outcome
    goes to the store too. Raises `Locked`."""

    def done(where: Places, given: argparse.Namespace) -> int:
        def work(steps: Steps) -> None:
            role = rollout.of(where)
            _refuse_overtaken(where, given.generation)
            if "prepare" in works:
                role.prepare(where, HostStore(where.store, where.host), given.release, given.elected, steps)
            if "commit" in works:
                role.commit(where, given.generation, given.release, steps)
            if "abort" in works:
                role.abort(where, steps)

        release, served = getattr(given, "release", None), state.served(where)
        outcome = _run(where, f"{given.command} {release or ''}".strip(), work, settles=name != "aborted")
        of = {"release": release, "served": served, "generation": given.generation, "token": given.token}
        outcome = replace(outcome, phase=outcome.phase or name, **of)
        tell(replace(outcome, kept=_try(lambda: HostStore(where.store, where.host).write(str(given.generation), outcome))))
        return 0 if outcome.ok else 1

    return done


def _refuse_overtaken(where: Places, generation: int) -> None:
    """A deployer that slept may ask for what another one has undone since, as this host knows."""
    data = HostStore(where.store, where.host).objects.get("desired.json") if where.is_driven else None
    try:
        wanted = contracts.read(DesiredState, json.loads(data or b"{}")).generation
    except ValueError:  # a damaged one says nothing; deployers are told of it where they read it
        return
    if wanted > generation:
        raise Refused(f"store: wanted generation {generation}, found {wanted}: somebody else rolled out meanwhile; see `slipway status`")


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


def _maintenance(where: Places, given: argparse.Namespace) -> int:
    up = given.state == "on"
    return report(where, f"maintenance {given.state}", lambda _: configuration.switch_page(where, up), {"maintenance": up}, settles=True)


def _kept(places: Places) -> dict[str, Any]:
    """The folders with data."""
    return {"kept": [{"path": str(path), "bytes": size_of(path)} for path in _data(places)]}


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


COMMANDS: dict[str, Callable[[Places, argparse.Namespace], Optional[int]]] = {
    "prepare": _phase("prepared", "prepare"),
    "commit": _phase("live", "commit"),
    "converge": _phase("live", "prepare", "commit"),
    "abort": _phase("aborted", "abort"),
    "boot": lambda where, given: report(where, "boot", lambda steps: rollout.of(where).boot(where, steps)),
    "halt": lambda where, given: report(where, "halt", lambda steps: boot.halt(where, steps)),
    "backup": _backup,
    "backups": _backups,
    "restore": _restore,
    "maintenance": _maintenance,
    "hold": lambda where, given: report(
        where, f"hold for the restore of {given.backup}", lambda steps: restore.hold(where, given.backup, steps), settles=True
    ),
    "let-go": lambda where, given: report(where, "let-go", lambda steps: restore.let_go(where, given.migrate, given.load, steps)),
    "kept": lambda where, given: tell({"ok": True, **_kept(where)}),
    "leave": lambda where, given: report(where, "leave", lambda steps: _leave(where, given.with_data, steps), _kept(where)),
}
