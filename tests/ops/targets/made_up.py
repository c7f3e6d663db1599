"""A made-up platform without hosts, store and host tool: it unpacks a bundle and runs its Procfile.
This file is all of it. Files of its folder make it fail: `refuse-send`, `refuse-promote`, `misroute`."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi

from cloud_init.host.contracts.manifest import Health
from components.deployment import Deployment, Verb
from components.deployment.answers import Instance, Live, Process, Release, Releases, Verdict
from components.errors import SlipwayError
from components.hosts import progress
from components.hosts.resources import RandomSecret
from components.platforms import Overtaken, Sendable, rollback
from components.release import bundle
from components.rollout.resources import Deploy, DeployArgs
from components.settings import Model, Settings, target_options
from components.target import Need, StackPlace, Takes, TargetComponent

THIS_MACHINE = False
TAKES: Takes = {
    "front": (),
    "manager": (),
    "server.kind": ("auto", "gunicorn"),
    "database.placement": ("managed", "external"),
    "app.cron": False,
    "app.packages": False,
}
BACKUPS = "the platform backs its database up by itself; see `platform backups`"


class Options(Model):
    """slipway:made-up: where it keeps what it is sent, its public port, the port for its own checks."""

    folder: str = "/nonexistent"
    port: int = 1
    check: int = 2


class Platform(Deployment):
    """One app; `facts` as the target puts them together."""

    refused: Mapping[Verb, str] = {
        "backup": BACKUPS,
        "backups": BACKUPS,
        "restore": "run `platform restore`, which the platform does by itself",
        "maintenance": "the platform has no page to put up; scale the app to nothing: `platform scale 0`",
    }

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.name, self.folder, self.facts = facts["app"], Path(facts["folder"]), facts
        self.url, self.health = f"http://127.0.0.1:{facts['port']}", Health(facts["health"], "127.0.0.1", 30)

    def live(self) -> str | None:
        return (self.folder / "live").read_text() if (self.folder / "live").exists() else None

    def send(self, release: Sendable) -> None:
        self._may("send")
        progress.note(self.name, "-----> building")
        place = self.folder / "releases" / release.id
        place.mkdir(parents=True, exist_ok=True)
        release.bundle.pack(release.id, release.source, self.folder / "bundle")
        shutil.unpack_archive(self.folder / "bundle", place, "gztar", filter="data")
        (place / "environment").write_text(json.dumps({**release.bundle.environment, **release.secrets}))
        self._start(release.id, self.facts["check"])

    def private_url(self, release: str) -> str | None:
        return f"http://127.0.0.1:{self.facts['check']}"

    def promote(self, release: str, before: str | None) -> None:
        self._may("promote")
        if self.live() != before:
            raise Overtaken(f"somebody else had {self.live()} promoted meanwhile")
        self._start(release, self.facts["check" if (self.folder / "misroute").exists() else "port"])
        (self.folder / "live").write_text(release)

    def withdraw(self, release: str) -> None:
        self.stop(self.facts["port"])
        (self.folder / "live").unlink(missing_ok=True)

    def status(self) -> Sequence[Instance]:
        live, web = self.live(), Process(name="web.1", state="up")
        return [Instance(host="web.1", ok=True, live=Live(release=live or ""), processes=[web], front={"kind": "router"})]

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        yield from [*(self.folder / "log").read_text().splitlines()[-lines:], *(["new"] if follow else [])]

    def releases(self) -> Sequence[Releases]:
        kept = sorted((self.folder / "releases").iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        return [Releases(host=self.name, ok=True, releases=[Release(id=one.name, live=one.name == self.live()) for one in kept])]

    def rollback(self, release: str | None) -> Verdict:
        kept = [one.id for one in self.releases()[0].releases if not one.live]
        if (wanted := release or kept[0]) not in kept:
            return Verdict(False, f"rollback: wanted a kept release, found {wanted!r}", wanted, self.live())
        self._start(wanted, self.facts["check"])
        return rollback(self, self.url, self.health, wanted)

    def run(self, command: Sequence[str], instance: str | None) -> int:
        place = self.folder / "releases" / str(self.live())
        return subprocess.run(command, cwd=place / "src", env=self._environment(place), check=False).returncode

    def stop(self, port: int) -> None:
        noted = self.folder / f"{port}.pid"
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.killpg(int(noted.read_text()), signal.SIGKILL)
        noted.unlink(missing_ok=True)

    def _may(self, step: str) -> None:
        if (self.folder / f"refuse-{step}").exists():
            raise SlipwayError(f"the platform would not {step}: out of quota")

    def _environment(self, place: Path) -> dict[str, str]:
        return {**json.loads((place / "environment").read_text()), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}

    def _start(self, release: str, port: int) -> None:
        """Runs the Procfile's web process in the place of what serves at that port."""
        place = self.folder / "releases" / release
        self.stop(port)
        command = ["/bin/sh", "-c", "exec " + (place / "Procfile").read_text().removeprefix("web: ")]
        with (self.folder / "log").open("a") as log:
            environment = {**self._environment(place), "PORT": str(port), "HOME": str(place)}
            web = subprocess.Popen(command, cwd=place, env=environment, stdout=log, stderr=log, start_new_session=True)
        (self.folder / f"{port}.pid").write_text(str(web.pid))


connect = Platform


class Target(TargetComponent):
    def __init__(self, name: str, settings: Settings, place: StackPlace) -> None:
        super().__init__("slipway:target:MadeUp", name)
        planned, child = bundle.plan(settings, place.folder, "127.0.0.1"), pulumi.ResourceOptions(parent=self)
        key = RandomSecret(f"{name}-key", child).value
        secrets = planned.secrets(key, settings.secret_env)
        identity = planned.id(key, secrets)
        args = DeployArgs(planned, identity, _facts(settings), connect(_facts(settings)).url, secrets)
        self.put_out(settings, identity, Deploy(f"{name}-deploy", args, child).require(), ["127.0.0.1"])


def needs(settings: Settings) -> list[Need]:
    return []


def deployment(settings: Settings, place: StackPlace) -> Platform:
    return connect(_facts(settings))


def _facts(settings: Settings) -> dict[str, Any]:
    options = target_options(settings, Options, "made-up").model_dump()
    return {"platform": "made_up", "app": settings.app.name, "health": settings.app.health_path, **options}
