"""Heroku: an app with its dynos and its database, built and run there."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import pulumi

from cloud_init import templating
from cloud_init.host.contracts.manifest import File, Health
from components import platforms
from components.hosts.resources import RandomSecret
from components.platforms.heroku import PREBOOT, Platform
from components.release import bundle as bundles
from components.release import core
from components.rollout.resources import Deploy, DeployArgs, PlatformApp
from components.settings import Model, Settings, kinds, number, target_options
from components.settings.kinds import setting
from components.settings.report import Problem
from components.target import StackPlace, Takes, TargetComponent
from components.target import needs_nothing as needs

__all__ = ["TAKES", "THIS_MACHINE", "Options", "Target", "bundle", "deployment", "needs"]

THIS_MACHINE = False
TAKES: Takes = {**platforms.TAKES, "database.engine": ("none", "postgres")}
_NAME = kinds.matching("name", "a name of 3 to 30 small letters, digits and hyphens, a letter first", r"[a-z][a-z0-9-]{1,28}[a-z0-9]")
_Size = Literal["eco", "basic", "standard-1x", "standard-2x", "performance-m", "performance-l", "performance-xl", "performance-2xl"]


class Options(Model):
    """slipway:heroku"""

    name: Annotated[str, _NAME] | None = setting(None, "The app's name among all of Heroku's. PROJECT-STACK if left out.")
    region: Literal["us", "eu"] = setting("us", "Where it is, for good.")
    stack: Literal["heroku-24", "heroku-26"] = setting("heroku-26", "The system that it is built for.")
    dynos: Mapping[Annotated[str, kinds.JOB_NAME], _Size] = setting(
        {}, "Types, of `web` and `app.processes`: as `web` if left out, that is `basic`."
    )
    quantities: Mapping[Annotated[str, kinds.JOB_NAME], Annotated[int, number(1, 100)]] = setting({}, "How many of each. 1 if left out.")
    database: Annotated[str, kinds.JOB_NAME] = setting("essential-0", "The plan of Heroku Postgres.")


class Target(TargetComponent):
    """The app, and the release that it serves."""

    def __init__(self, name: str, settings: Settings, place: StackPlace) -> None:
        super().__init__("slipway:target:Heroku", name)
        facts, planned, child = _facts(settings, place), bundle(settings, place.folder), pulumi.ResourceOptions(parent=self)
        if not (size := facts["formation"]["web"]["size"]).startswith(PREBOOT):
            pulumi.log.warn(f"slipway:heroku.dynos: a {size} dyno ends before the next one starts: seconds without answer at each release")
        key = RandomSecret(f"{name}-key", child)
        app = PlatformApp(f"{name}-app", facts, pulumi.ResourceOptions(parent=self, depends_on=[key]))
        secrets = planned.secrets(key.value, settings.secret_env)
        identity = planned.id(key.value, secrets)
        url = Deploy(f"{name}-deploy", DeployArgs(planned, identity, facts, app.url, secrets), child).require()
        shown = url.apply(lambda known: f"https://{settings.domain}" if settings.domain else known)
        self.put_out(settings, identity, shown, app.addresses)


def bundle(settings: Settings, folder: Path) -> core.Release[bundles.Bundle]:
    """The app as Heroku takes it."""
    options, app = target_options(settings, Options, "heroku", _problems), settings.app
    made = bundles.plan(settings, folder, "", bundles.Runs("X-Forwarded-For", 100, static=True))  # its router keeps 90 s
    web = next(file.content for file in made.manifest.files if file.path == "Procfile")
    commands = {**({"release": app.release_command} if app.release_command else {}), **app.processes}
    procfile = web + "".join(f"{name}: set -o pipefail && cd src && {command}\n" for name, command in commands.items())
    made = bundles.with_files(made, File("Procfile", procfile), File(".profile", templating.text("heroku/profile")))
    return replace(made, manifest=replace(made.manifest, health=_health(settings, options)))


def deployment(settings: Settings, place: StackPlace) -> Platform:
    """What was launched there."""
    return Platform(_facts(settings, place)).found(_health(settings, target_options(settings, Options, "heroku", _problems)))


def _problems(settings: Settings, options: Options) -> Iterator[Problem]:
    if settings.server.timeout > 30:
        yield "slipway:server.timeout", f"wanted at most 30, when Heroku's router gives up, found {settings.server.timeout}; set it"
    for name in [one for one in (*options.dynos, *options.quantities) if one not in ("web", *settings.app.processes)]:
        yield "slipway:heroku.dynos", f"wanted web, or a name of slipway:app.processes, found {name!r}; leave it out"


def _health(settings: Settings, options: Options) -> Health:
    """How a release is asked, by its app's own address; preboot takes up to three minutes more."""
    made = core.make_health(settings, core.make_door(settings), "", "https")
    return replace(made, timeout=made.timeout + 180 * options.dynos.get("web", "").startswith(PREBOOT))


def _facts(settings: Settings, place: StackPlace) -> dict[str, Any]:
    options, database = target_options(settings, Options, "heroku", _problems), settings.database
    size = options.dynos.get("web", "basic")  # Heroku takes no mix of Basic ones and others
    processes, is_managed = ("web", *settings.app.processes), (database.engine, database.placement) == ("postgres", "managed")
    return {
        "platform": "heroku", "host": options.name or f"{place.project}-{place.stack}".lower(), "owner": f"{place.project}/{place.stack}",
        "region": options.region, "stack": options.stack, "domain": settings.domain, "keep": settings.keep_data,
        "plan": f"heroku-postgresql:{options.database}" if is_managed else "",
        "formation": {one: {"quantity": options.quantities.get(one, 1), "size": options.dynos.get(one, size)} for one in processes},
    }  # fmt: skip
