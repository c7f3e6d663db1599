"""How a command of the host tool ends: under the host's lock, its outcome told, kept in the store and noted in the audit log."""

from __future__ import annotations

import os
import time
import traceback
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import contracts
from ..base.files import make_way
from ..base.lock import held
from ..base.outcome import Locked, Refused, Steps, emit, note, refusal_of
from ..base.places import Places
from ..contracts.rollout import Outcome
from ..release.store import Store

Work = Callable[[Steps], None]


def reported(where: Places, arguments: Namespace, phase: str, work: Work) -> int:
    """Runs a phase of a rollout under the lock; its outcome also goes to the store."""
    release = getattr(arguments, "release", None)
    outcome = _outcome(where, f"{arguments.command} {release or ''}".strip(), work)
    outcome = replace(outcome, phase=outcome.phase or phase, release=release, generation=arguments.generation)
    kept = _kept(lambda: Store(where.store, where.host).report(arguments.generation, outcome))
    tell(replace(outcome, kept=kept))
    return 0 if outcome.ok else 1


def told(where: Places, reason: str, work: Work, extra: dict[str, Any] | None = None) -> int:
    """Runs something under the lock; `extra`, which the work may fill, joins the outcome."""
    outcome = _outcome(where, reason, work)
    tell({**(extra or {}), **contracts.document(outcome)})
    return 0 if outcome.ok else 1


def _outcome(where: Places, reason: str, work: Work) -> Outcome:
    steps = Steps()
    began = time.monotonic()
    try:
        with held(where.lib / "lock", reason):
            work(steps)
        result = Outcome(True)
    except Locked:
        raise
    except Refused as refused:
        result = refusal(refused, steps.of(refused))
    except OSError as error:
        result = refusal(refusal_of(error), steps.of(error))
    except Exception as error:  # noqa: BLE001  whatever it was, the coordinator must hear of it
        result = refusal(_unforeseen(where, error), steps.of(error))
    seconds = round(time.monotonic() - began, 3)
    result = replace(result, at=time.time(), host=where.host, seconds=seconds, steps=tuple(steps.done))
    _kept(lambda: _audit(where, reason, result))
    return result


def _kept(write: Callable[[], None]) -> bool:
    """A record that can't be written (no room, the store away) must not hide the outcome, which is also told on standard output."""
    try:
        write()
        return True
    except (OSError, Refused) as error:
        note(f"not recorded: {refusal_of(error) if isinstance(error, OSError) else error}")
        return False


def _unforeseen(where: Places, error: Exception) -> Refused:
    """A line for whoever waits; where it happened is written down for whoever mends it."""
    path = where.log / "tool.log"
    _kept(lambda: _append(path, traceback.format_exc()))
    return Refused(f"{type(error).__name__}: {error} (unforeseen; where it happened is in {path})")


def refusal(refused: Refused, step: str) -> Outcome:
    """How a command ends that was refused in that step."""
    return Outcome(False, step=step, message=str(refused), http=refused.http, log=tuple(refused.log), phase="failed")


def _audit(where: Places, reason: str, outcome: Outcome) -> None:
    """One line a run, for whoever asks later what happened here."""
    line = " ".join(
        [
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            reason,
            "ok" if outcome.ok else f"failed at {outcome.step}",
        ]
    )
    _append(where.lib / "audit.log", line + "\n")


def _append(path: Path, text: str) -> None:
    make_way(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    with open(descriptor, "a", encoding="utf-8") as file:
        file.write(text)


def tell(outcome: Outcome | Mapping[str, Any]) -> None:
    """The command's last word: how it ended, with what it was asked for."""
    emit("outcome", **contracts.document(outcome))
