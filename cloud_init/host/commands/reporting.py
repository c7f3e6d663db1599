"""The end of a command, under the host's lock: its outcome told, stored and audited."""

from __future__ import annotations

import time
import traceback
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .. import contracts
from ..base import masking
from ..base.lock import held
from ..base.outcome import Locked, Refused, Steps, note, refusal, refusal_of, tell
from ..base.places import Places
from ..contracts.rollout import Outcome
from ..release.store import HostStore
from ..server import roles

Work = Callable[[Steps], None]


def report_phase(where: Places, arguments: Namespace, phase: str, work: Work) -> int:
    """Runs a phase of a rollout; its outcome goes to the store too. Raises `Locked`."""
    release, served = getattr(arguments, "release", None), roles.of(where).live(where)
    outcome = _run(where, f"{arguments.command} {release or ''}".strip(), work)
    of = {"release": release, "served": served, "generation": arguments.generation, "token": arguments.token}
    outcome = replace(outcome, phase=outcome.phase or phase, **of)
    kept = _try(lambda: HostStore(where.store, where.host).write(str(arguments.generation), outcome))
    tell(replace(outcome, kept=kept))
    return 0 if outcome.ok else 1


def report(where: Places, reason: str, work: Work, extra: dict[str, Any] | None = None) -> int:
    """Runs other work; `extra`, which it may fill, joins the outcome. Raises `Locked`."""
    outcome = _run(where, reason, work)
    tell({**(extra or {}), **contracts.document(outcome)})
    return 0 if outcome.ok else 1


def _run(where: Places, reason: str, work: Work) -> Outcome:
    steps = Steps()
    began = time.monotonic()
    try:
        with held(where.lib / "lock", reason):
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
