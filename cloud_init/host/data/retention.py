"""Which nightly backups are kept: the newest of each of the last days, weeks and months that have one."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable

DAYS, WEEKS, MONTHS = 7, 4, 3
_FORMAT = "%Y%m%d-%H%M%S"


def kept(identities: Iterable[str]) -> set[str]:
    """Of these IDs of backups; nights without one count for nothing, so that a host that was off for a month loses none."""
    newest = sorted(identities, reverse=True)
    chosen: set[str] = set()
    for period, number in ((_day, DAYS), (_week, WEEKS), (_month, MONTHS)):
        chosen |= set(_newest_of_each(newest, period)[:number])
    return chosen


def _newest_of_each(newest: list[str], period: Callable[[datetime.datetime], object]) -> list[str]:
    first: dict[object, str] = {}
    for identity in newest:
        first.setdefault(period(datetime.datetime.strptime(identity, _FORMAT)), identity)
    return list(first.values())


def _day(at: datetime.datetime) -> object:
    return at.date()


def _week(at: datetime.datetime) -> object:
    return tuple(at.isocalendar())[:2]


def _month(at: datetime.datetime) -> object:
    return at.year, at.month
