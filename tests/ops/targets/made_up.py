"""A made-up platform: no hosts, no store, no host tool. This file is all that it takes to ask it by every command."""

from collections.abc import Iterator, Mapping, Sequence

from components import progress
from components.answers import Instance, Live, Process, Release, Releases, Verdict
from components.deployment import Deployment, Verb
from components.settings import Model, Settings
from components.target import Need, Place, Takes, TargetComponent

THIS_MACHINE = False
TAKES = Takes(fronts=(), managers=(), placements=("managed", "external"), cron=False)
BACKUPS = "the platform backs its database up by itself; see `platform backups`"


class Options(Model):
    """slipway:made-up: nothing."""


class Platform(Deployment):
    """It keeps releases by number, and runs words by counting them."""

    url = "https://shop.platform.example"
    refused: Mapping[Verb, str] = {
        "backup": BACKUPS,
        "backups": BACKUPS,
        "restore": "run `platform restore`, which the platform does by itself",
        "maintenance": "the platform has no page to put up; scale the app to nothing: `platform scale 0`",
    }

    def __init__(self) -> None:
        self.there, self.live, self.words = ["v1", "v2", "v3"], "v3", ["one", "two", "three"]

    def status(self) -> Sequence[Instance]:
        web = Process(name="web.1", state="up")
        return [Instance(host="web.1", ok=True, live=Live(release=self.live), processes=[web], front={"kind": "router"})]

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        yield from self.words[-lines:]
        yield from ["new"] if follow else []

    def releases(self) -> Sequence[Releases]:
        kept = [Release(id=one, live=one == self.live) for one in reversed(self.there)]
        return [Releases(host="shop", ok=True, releases=kept)]

    def rollback(self, release: str | None) -> Verdict:
        wanted = release or "v2"
        if wanted not in self.there:
            return Verdict(False, f"rollback: wanted a kept release, found {wanted!r}", wanted, self.live)
        progress.report("shop", "promote", "done", 0.1)
        self.live = wanted
        return Verdict(True, "", wanted, wanted)

    def run(self, command: Sequence[str], instance: str | None) -> int:
        return len(command)


PLATFORM = Platform()


def deploy(settings: Settings, place: Place) -> TargetComponent:
    """Launching it is for tests of the engine."""
    raise NotImplementedError


def needs(settings: Settings) -> list[Need]:
    """Nothing on this machine."""
    return []


def deployment(settings: Settings, place: Place) -> Platform:
    """What serves there."""
    return PLATFORM
