"""The commands of a rollout, and of all of the app up and down; the host's role does them."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ..base.outcome import Steps
from ..base.places import Places
from ..data.restore import settled
from ..release.store import HostStore
from ..server import roles
from .reporting import report, report_phase


def _prepare(where: Places, arguments: argparse.Namespace, steps: Steps) -> None:
    roles.of(where).prepare(where, HostStore(where.store, where.host), arguments.release, arguments.elected, steps)


def _commit(where: Places, arguments: argparse.Namespace, steps: Steps) -> None:
    roles.of(where).commit(where, arguments.generation, arguments.release, steps)


def _converge(where: Places, arguments: argparse.Namespace, steps: Steps) -> None:
    _prepare(where, arguments, steps)
    _commit(where, arguments, steps)


def _phase(name: str, work: Callable[[Places, argparse.Namespace, Steps], None]) -> Callable[[Places, argparse.Namespace], int]:
    return lambda where, given: report_phase(where, given, name, settled(where, lambda steps: work(where, given, steps)))


COMMANDS: dict[str, Callable[[Places, argparse.Namespace], int]] = {
    "prepare": _phase("prepared", _prepare),
    "commit": _phase("live", _commit),
    "converge": _phase("live", _converge),
    "abort": lambda where, given: report_phase(where, given, "aborted", lambda steps: roles.of(where).abort(where, steps)),
    "boot": lambda where, given: report(where, "boot", lambda steps: roles.of(where).boot(where, steps)),
    "halt": lambda where, given: report(where, "halt", lambda steps: roles.of(where).halt(where, steps)),
}
