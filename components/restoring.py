"""Restoring a backup over all hosts of a stack: web hosts have the page up while the host with the database loads it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from components.host_names import short
from components.target import DayTwo
from components.transport import Event, Transport

Tell = Callable[[str, Event], None]
Outcome = dict[str, Any]


def restore(day: DayTwo, backup: str, newer_schema: bool, tell: Tell) -> Outcome:
    """The outcome of the host with the database, or of the web host that stood in the way; `tell` hears what each host does.

    Where this is cut off, the database host finishes by itself, and a web host is let go by whatever runs there next.
    """
    database = day.database_host
    others = [host for host in day.web if host is not database]
    command = ["restore", backup, *(["--newer-schema"] if newer_schema else [])]
    with day.store.lock(f"restore {backup}"):  # no rollout between the phases of another
        if not others:
            return _run(database, command, tell)
        outcome: Outcome = {"ok": False}
        try:
            outcome = _first_bad(_on_all(others, ["hold", backup], tell)) or _run(database, command, tell)
        finally:
            loose = _let_go(others, bool(outcome.get("ok") and outcome.get("migrate")), tell)
        return _joined(outcome, loose)


def _let_go(hosts: Sequence[Transport], migrate: bool, tell: Tell) -> Outcome | None:
    """The apps run again; first of all the one that brings the schema up. What is not well, if anything."""
    first = _run(hosts[0], ["let-go", "--migrate"], tell) if migrate else None
    if first and not first.get("ok"):
        return first
    return _first_bad(_on_all(hosts[1:] if migrate else hosts, ["let-go"], tell))


def _joined(outcome: Outcome, loose: Outcome | None) -> Outcome:
    """What the database says counts; a web host that isn't well afterwards is a failure too."""
    if loose is None or not outcome.get("ok"):
        return outcome
    where = short(str(loose.get("host")))
    done = f"backup {outcome['backup']} is loaded; what was there before is backup {outcome.get('first')}; but on {where}"
    return {**loose, "message": f"{done}: {loose.get('message')}"}


def _on_all(hosts: Sequence[Transport], command: Sequence[str], tell: Tell) -> list[Outcome]:
    with ThreadPoolExecutor(max_workers=max(1, min(8, len(hosts)))) as pool:
        return list(pool.map(lambda host: _run(host, command, tell), hosts))


def _run(host: Transport, command: Sequence[str], tell: Tell) -> Outcome:
    return {"host": host.host, **host.run(command, lambda event: tell(host.host, event))}


def _first_bad(outcomes: Sequence[Outcome]) -> Outcome | None:
    return next((outcome for outcome in outcomes if not outcome.get("ok")), None)
