"""The commands of a rollout, and of all of the app up and down; the host's role does them. And the
end of every command under the host's lock: its outcome told, stored and audited."""

from __future__ import annotations

import argparse
import json
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .. import contracts
from ..base import Places, Refused, Steps, masking, note, refusal_of
from ..base.lock import held
from ..base.outcome import Locked, refusal, tell
from ..contracts.rollout import DesiredState, Outcome
from ..data import restore
from ..release.manifests import HostStore
from ..rollout import boot
from ..server import roles

Work = Callable[[Steps], None]


def _report_phase(where: Places, arguments: argparse.Namespace, phase: str, work: Work) -> int:
    """Runs a phase of a rollout; its outcome goes to the store too. Raises `Locked`."""
    release, served = getattr(arguments, "release", None), roles.of(where).live(where)
    outcome = _run(where, f"{arguments.command} {release or ''}".strip(), work, settles=phase != "aborted")
    of = {"release": release, "served": served, "generation": arguments.generation, "token": arguments.token}
    outcome = replace(outcome, phase=outcome.phase or phase, **of)
    kept = _try(lambda: HostStore(where.store, where.host).write(str(arguments.generation), outcome))
    tell(replace(outcome, kept=kept))
    return 0 if outcome.ok else 1


def report(where: Places, reason: str, work: Work, extra: dict[str, Any] | None = None, settles: bool = False) -> int:
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
    """A phase that ends in the state of that name, by these works of the host's role."""

    def done(where: Places, given: argparse.Namespace, steps: Steps) -> None:
        role = roles.of(where)
        _refuse_overtaken(where, given.generation)
        if "prepare" in works:
            role.prepare(where, HostStore(where.store, where.host), given.release, given.elected, steps)
        if "commit" in works:
            role.commit(where, given.generation, given.release, steps)
        if "abort" in works:
            role.abort(where, steps)

    return lambda where, given: _report_phase(where, given, name, lambda steps: done(where, given, steps))


def _refuse_overtaken(where: Places, generation: int) -> None:
    """A deployer that slept may ask for what another one has undone since, as this host knows."""
    data = HostStore(where.store, where.host).objects.get("desired.json") if where.is_driven else None
    try:
        wanted = contracts.read(DesiredState, json.loads(data or b"{}")).generation
    except ValueError:  # a damaged one says nothing; deployers are told of it where they read it
        return
    if wanted > generation:
        raise Refused(f"store: wanted generation {generation}, found {wanted}: somebody else rolled out meanwhile; see `slipway status`")


COMMANDS: dict[str, Callable[[Places, argparse.Namespace], int]] = {
    "prepare": _phase("prepared", "prepare"),
    "commit": _phase("live", "commit"),
    "converge": _phase("live", "prepare", "commit"),
    "abort": _phase("aborted", "abort"),
    "boot": lambda where, given: report(where, "boot", lambda steps: roles.of(where).boot(where, steps)),
    "halt": lambda where, given: report(where, "halt", lambda steps: boot.halt(where, steps)),
}
