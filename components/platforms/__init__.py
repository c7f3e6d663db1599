"""Platforms that build and run an app by themselves: a file each, components/platforms/NAME.py
(`tests/ops/targets/made_up.py` shows one).

It has `connect(facts) -> Platform`, which says how its platform does each step. The order of steps,
the gates and the words for a failure are here: a release is sent, asked privately, promoted, asked
publicly, or taken back."""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from cloud_init.host.contracts.manifest import Health
from cloud_init.host.contracts.rollout import Outcome
from cloud_init.host.release import templates
from components.deployment.answers import GOING_BACK, Release, Verdict
from components.errors import SlipwayError
from components.hosts import progress
from components.release.bundle import Bundle
from components.rollout import public
from components.target import Takes

TAKES: Takes = {
    "front": (), "manager": (), "server.kind": ("auto", "gunicorn"), "database.engine": ("none", "postgres", "mysql"),
    "database.placement": ("managed", "external"), "tls.certificate": False, "app.data": False, "app.cron": False,
    "app.packages": False, "http.errorPages": False, "http.snippet": False, "http.maxBody": False, "http.cors": False,
    "http.redirectDomains": False, "http.trustedProxies": False, "database.extensions": False, "app.healthHost": False,
}  # fmt: skip
"""What of the settings a platform serves that has a front of its own and keeps no disk; one that
serves more says so in its target's file."""


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


class _Failed(Exception):
    def __init__(self, *outcomes: Outcome, overtaken: bool = False) -> None:
        super().__init__()
        self.outcomes, self.overtaken = list(outcomes), overtaken


def deploy(platform: Platform, url: str, release: Sendable, proven: str | None) -> Verdict:
    """Has the platform serve a release at `url`. `proven`: the last one seen there; it comes
    back where an earlier `up` was cut off after it had promoted this release."""
    if asked := [name for name, value in {**release.bundle.environment, **release.secrets}.items() if templates.are_in(value)]:
        raise SlipwayError(f"{asked[0]}: wanted no ${{database.…}}, which hosts alone fill in, found one; write what it stands for")
    return _Steps(platform, url, release.bundle.health).run(release.id, proven, lambda: platform.send(release))


def rollback(platform: Platform, url: str, health: Health, release: str) -> Verdict:
    """Has the platform serve a release that it still keeps, through the gates of a new one."""
    return _Steps(platform, url, health).run(release, release, lambda: None)


def older(releases: Sequence[Release]) -> list[str]:
    """Ids of those that were made before the one that serves, the newest first: a later one was
    refused. `releases`: the newest first."""
    live = min((at for at, one in enumerate(releases) if one.live), default=-1)
    return [one.id for one in releases[live + 1 :] if not one.live]


class _Steps:
    def __init__(self, platform: Platform, url: str, health: Health) -> None:
        self.platform, self.url, self.health = platform, url, health

    def run(self, release: str, proven: str | None, send: Callable[[], None]) -> Verdict:
        live = self.platform.live()
        before, touched = (proven, True) if live == release else (live, False)
        try:
            with self._step("send"):
                send()
                private = self.platform.private_url(release)
            if private:
                with self._step("gate"):
                    self._ask(private, release, urlsplit(private).netloc)
            if not touched:
                touched = True
                with self._step("promote"):
                    self.platform.promote(release, before)
            with self._step("gate-public"):
                self._ask(self.url, release)
        except _Failed as failed:
            serves, stuck = before, list[Outcome]()
            if failed.overtaken or not (before or touched):  # what was withdrawn may serve again
                with suppress(SlipwayError):
                    serves = self.platform.live()
            elif touched:
                serves, stuck = self._take_back(release, before)
            return Verdict.refused(release, [*failed.outcomes, *stuck], serves)
        return Verdict(True, "", release, release)

    def _take_back(self, release: str, before: str | None) -> tuple[str | None, list[Outcome]]:
        """What serves then, and what fails. A failed promotion may have happened in part, and what
        somebody else promoted stays: so it asks first."""
        try:
            with self._step(f"{GOING_BACK} {before or 'nothing'}"):
                now = self.platform.live()
                if now not in (release, before, None):
                    return now, []
                if before is None:
                    self.platform.withdraw(release)
                elif now != before:
                    self.platform.promote(before, now)
                    self._ask(self.url, before)
        except _Failed as failed:
            return before, failed.outcomes
        return before, []

    def _ask(self, url: str, release: str, host: str | None = None) -> None:
        """By its own name, or as `host`: a platform may tell releases apart by that. An app without
        a name of its own is asked by that of the address."""
        health = replace(self.health, host=host or self.health.host or urlsplit(url).netloc)
        bad = public.check(url, [str(urlsplit(url).hostname)], health, release)
        if bad:
            raise _Failed(*bad)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        """A step, reported with its seconds; whatever fails in it is an outcome of that step."""
        host = self.platform.name
        try:
            with progress.step(host, name):
                yield
        except SlipwayError as error:
            raise _Failed(Outcome(False, host, name, str(error)), overtaken=isinstance(error, Overtaken)) from None
        except _Failed as failed:
            outcomes = [Outcome(False, host, name, one.message, one.http, one.log) for one in failed.outcomes]
            raise _Failed(*outcomes) from None
