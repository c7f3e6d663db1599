"""The host tool's command line: JSON events on standard output, the outcome last. Exit 0 done, 1 refused, 2 usage, 3 locked."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import boot, commit, launch, logs, places, prepare, status
from .files import make_way
from .lock import held
from .outcome import Locked, Refused, Steps, emit, note, refusal_of
from .places import Places
from .store import Store

Work = Callable[[Steps], None]


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
        _tell(_refusal(refused, ""))
        return 3 if isinstance(refused, Locked) else 1
    except OSError as error:
        _tell(_refusal(refusal_of(error), ""))
        return 1
    except Exception as error:  # noqa: BLE001  people wait for a line, whatever it was
        _tell(_refusal(Refused(f"{arguments.command}: {type(error).__name__}: {error} (unforeseen)"), ""))
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
    for name in ("boot", "halt", "status", "releases"):
        commands.add_parser(name)
    return parser.parse_args()


def _prepare(where: Places, arguments: argparse.Namespace) -> int:
    store = Store(where.store, where.host)
    return _reported(
        where,
        arguments,
        "prepared",
        lambda steps: prepare.run(where, store, arguments.release, arguments.elected, steps),
    )


def _commit(where: Places, arguments: argparse.Namespace) -> int:
    return _reported(where, arguments, "live", lambda steps: commit.run(where, arguments.generation, arguments.release, steps))


def _abort(where: Places, arguments: argparse.Namespace) -> int:
    return _reported(where, arguments, "aborted", lambda steps: prepare.abort(where, steps))


def _boot(where: Places, arguments: argparse.Namespace) -> int:
    return _told(where, "boot", lambda steps: boot.run(where, steps))


def _halt(where: Places, arguments: argparse.Namespace) -> int:
    return _told(where, "halt", lambda steps: boot.halt(where, steps))


def _launch(where: Places, arguments: argparse.Namespace) -> None:
    try:
        launch.run(where, arguments.program)
    except (OSError, Refused) as error:
        sys.exit(f"slipway: {refusal_of(error) if isinstance(error, OSError) else error}")  # into the program's log


def _logs(where: Places, arguments: argparse.Namespace) -> None:
    logs.show(where, arguments.lines, arguments.follow)


def _status(where: Places, arguments: argparse.Namespace) -> None:
    _tell({"ok": True, **status.status(where)})


def _releases(where: Places, arguments: argparse.Namespace) -> None:
    _tell({"ok": True, "releases": status.releases(where)})


_COMMANDS: dict[str, Callable[[Places, argparse.Namespace], int | None]] = {
    "prepare": _prepare, "commit": _commit, "abort": _abort, "boot": _boot, "halt": _halt,
    "launch": _launch, "logs": _logs, "status": _status, "releases": _releases,
}  # fmt: skip


def _reported(where: Places, arguments: argparse.Namespace, phase: str, work: Work) -> int:
    """Runs a phase of a rollout under the lock; its outcome also goes to the store."""
    release = getattr(arguments, "release", None)
    extra = {"phase": phase, "release": release, "generation": arguments.generation}
    outcome = _outcome(where, f"{arguments.command} {release or ''}".strip(), work, extra)
    _kept(lambda: Store(where.store, where.host).report(arguments.generation, outcome))
    _tell(outcome)
    return 0 if outcome["ok"] else 1


def _told(where: Places, reason: str, work: Work) -> int:
    outcome = _outcome(where, reason, work, {})
    _tell(outcome)
    return 0 if outcome["ok"] else 1


def _outcome(where: Places, reason: str, work: Work, extra: dict[str, Any]) -> dict[str, Any]:
    steps = Steps()
    began = time.monotonic()
    try:
        with held(where.lib / "lock", reason):
            work(steps)
        result: dict[str, Any] = {**extra, "ok": True}
    except Locked:
        raise
    except Refused as refused:
        result = {**extra, **_refusal(refused, steps.current), "phase": "failed"}
    except OSError as error:
        result = {**extra, **_refusal(refusal_of(error), steps.current), "phase": "failed"}
    except Exception as error:  # noqa: BLE001  whatever it was, the coordinator must hear of it
        result = {**extra, **_refusal(_unforeseen(where, error), steps.current), "phase": "failed"}
    result |= {
        "at": time.time(),
        "host": where.host,
        "seconds": round(time.monotonic() - began, 3),
        "steps": steps.done,
    }
    _kept(lambda: _audit(where, reason, result))
    return result


def _kept(write: Callable[[], None]) -> None:
    """A record that can't be written (a full disk) must not hide the outcome, which is also told on standard output."""
    try:
        write()
    except OSError as error:
        note(f"not recorded: {refusal_of(error)}")


def _unforeseen(where: Places, error: Exception) -> Refused:
    """A line for whoever waits; where it happened is written down for whoever mends it."""
    path = where.log / "tool.log"
    _kept(lambda: _append(path, traceback.format_exc()))
    return Refused(f"{type(error).__name__}: {error} (unforeseen; where it happened is in {path})")


def _refusal(refused: Refused, step: str) -> dict[str, Any]:
    return {"ok": False, "step": step, "message": str(refused), "http": refused.http, "log": refused.log}


def _audit(where: Places, reason: str, outcome: dict[str, Any]) -> None:
    """One line a run, for whoever asks later what happened here."""
    line = " ".join(
        [
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            reason,
            "ok" if outcome["ok"] else f"failed at {outcome['step']}",
        ]
    )
    _append(where.lib / "audit.log", line + "\n")


def _append(path: Path, text: str) -> None:
    make_way(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    with open(descriptor, "a", encoding="utf-8") as file:
        file.write(text)


def _tell(outcome: dict[str, Any]) -> None:
    emit("outcome", **outcome)


if __name__ == "__main__":
    sys.exit(main())
