"""The commands of a rollout, and of all of the app up and down; the host's role does them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from .. import contracts
from ..base.outcome import Refused, Steps
from ..base.places import Places
from ..contracts.rollout import DesiredState
from ..data.restore import settled
from ..release.store import HostStore
from ..rollout import boot
from ..server import roles
from .reporting import report, report_phase


def _prepare(where: Places, arguments: argparse.Namespace, steps: Steps) -> None:
    roles.of(where).prepare(where, HostStore(where.store, where.host), arguments.release, arguments.elected, steps)


def _commit(where: Places, arguments: argparse.Namespace, steps: Steps) -> None:
    roles.of(where).commit(where, arguments.generation, arguments.release, steps)


def _abort(where: Places, arguments: argparse.Namespace, steps: Steps) -> None:
    _refuse_overtaken(where, arguments.generation)
    roles.of(where).abort(where, steps)


def _phase(name: str, *works: Callable[[Places, argparse.Namespace, Steps], None]) -> Callable[[Places, argparse.Namespace], int]:
    def done(where: Places, arguments: argparse.Namespace, steps: Steps) -> None:
        _refuse_overtaken(where, arguments.generation)
        for work in works:
            work(where, arguments, steps)

    return lambda where, given: report_phase(where, given, name, settled(where, lambda steps: done(where, given, steps)))


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
    "prepare": _phase("prepared", _prepare),
    "commit": _phase("live", _commit),
    "converge": _phase("live", _prepare, _commit),
    "abort": lambda where, given: report_phase(where, given, "aborted", lambda steps: _abort(where, given, steps)),
    "boot": lambda where, given: report(where, "boot", lambda steps: roles.of(where).boot(where, steps)),
    "halt": lambda where, given: report(where, "halt", lambda steps: boot.halt(where, steps)),
}
