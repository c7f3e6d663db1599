"""The host tool's commands of a rollout, and those that bring all of it up and down."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ..base.outcome import Steps
from ..base.places import Places
from ..release.store import Store
from ..server import roles
from .data import settled
from .reporting import reported, told


def _prepare(where: Places, arguments: argparse.Namespace) -> int:
    return reported(where, arguments, "prepared", settled(where, lambda steps: _prepared(where, arguments, steps)))


def _prepared(where: Places, arguments: argparse.Namespace, steps: Steps) -> None:
    roles.of(where).prepare(where, Store(where.store, where.host), arguments.release, arguments.elected, steps)


def _commit(where: Places, arguments: argparse.Namespace) -> int:
    return reported(where, arguments, "live", settled(where, lambda steps: _committed(where, arguments, steps)))


def _committed(where: Places, arguments: argparse.Namespace, steps: Steps) -> None:
    roles.of(where).commit(where, arguments.generation, arguments.release, steps)


def _converge(where: Places, arguments: argparse.Namespace) -> int:
    def work(steps: Steps) -> None:
        _prepared(where, arguments, steps)
        _committed(where, arguments, steps)

    return reported(where, arguments, "live", settled(where, work))


def _abort(where: Places, arguments: argparse.Namespace) -> int:
    return reported(where, arguments, "aborted", lambda steps: roles.of(where).abort(where, steps))


def _boot(where: Places, arguments: argparse.Namespace) -> int:
    return told(where, "boot", lambda steps: roles.of(where).boot(where, steps))


def _halt(where: Places, arguments: argparse.Namespace) -> int:
    return told(where, "halt", lambda steps: roles.of(where).halt(where, steps))


COMMANDS: dict[str, Callable[[Places, argparse.Namespace], int]] = {
    "prepare": _prepare, "commit": _commit, "converge": _converge, "abort": _abort, "boot": _boot, "halt": _halt,
}  # fmt: skip
