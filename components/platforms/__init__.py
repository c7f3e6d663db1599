"""Platforms that build and run an app by themselves: a file each, components/platforms/NAME.py
(`tests/ops/targets/made_up.py` shows one).

It has `connect(facts) -> Platform`, which says how its platform does each step. The order of steps,
the gates and the words for a failure are in components/platforms/deploying.py."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from components.errors import SlipwayError
from components.release.bundle import Bundle


@dataclass(frozen=True)
class Sendable:
    """A release with what a platform needs to run it. `secrets`: the secret environment, for the
    platform's own store alone; `source`: the app's folder here."""

    id: str
    bundle: Bundle
    source: Path
    secrets: Mapping[str, str]


class Overtaken(SlipwayError):
    """Somebody else had a release promoted meanwhile."""


class Platform(Protocol):
    """One app on a platform. What fails raises `SlipwayError` with the platform's own reason."""

    name: str
    """Stands before each line of progress."""

    def live(self) -> str | None:
        """The id of the release that serves now; None before the first."""

    def send(self, release: Sendable) -> None:
        """Has it built and kept beside what serves; again where it is there already. What the
        platform says meanwhile goes to `components.hosts.progress`."""

    def private_url(self, release: str) -> str | None:
        """The address of a release that was sent before users see it; None: there is none."""

    def promote(self, release: str, before: str | None) -> None:
        """Users get a release that was sent. Raises `Overtaken` where another than `before` serves
        by then: of two deployers at once one wins."""

    def withdraw(self, release: str) -> None:
        """Nothing serves: the very first release isn't well. Again where nothing does already."""


def connect(facts: Mapping[str, Any]) -> Platform:
    """The platform that `facts["platform"]` names, for the app that the other facts describe."""
    module = importlib.import_module(f"components.platforms.{facts['platform']}")
    return cast(Platform, module.connect(facts))
