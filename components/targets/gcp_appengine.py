"""Google App Engine's standard environment: one app a project, built and scaled by Google."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import pulumi
import pulumi_gcp as gcp
import yaml
from pydantic import Field

from cloud_init import templating
from cloud_init.host.contracts.manifest import LOGINS, File
from components import platforms
from components.blocks import names
from components.blocks.args import ReleaseStoreArgs
from components.blocks.block import APP
from components.errors import shown
from components.gcp import common
from components.gcp.blocks.managed_database import ManagedDatabase, ManagedDatabaseArgs
from components.gcp.blocks.release_store import ReleaseStore
from components.gcp.control.services import Services
from components.gcp.stack.foundation import provider
from components.gcp.stack.options import CLASS, PROJECT, REGION
from components.hosts.resources import RandomSecret
from components.platforms.appengine import SECRET_MANAGER, SECRETS, AppEngine
from components.release import bundle as bundles
from components.release import core
from components.release.ids import SECRET_KEY
from components.rollout.resources import Deploy, DeployArgs, PlatformApp
from components.settings import Model, Settings, kinds, number, target_options
from components.settings.kinds import setting
from components.settings.report import Problem
from components.target import StackPlace, Takes, TargetComponent
from components.target import needs_nothing as needs

__all__ = ["TAKES", "THIS_MACHINE", "Options", "Target", "bundle", "deployment", "needs"]

THIS_MACHINE = False
TAKES: Takes = {**platforms.TAKES, "domain": False, "app.processes": False}
_SECTION = "slipway:gcp-appengine"
_SERVICES = ("appengine", "artifactregistry", "cloudbuild", "cloudresourcemanager", "iam", "logging", "secretmanager", "storage")
_RIGHTS = ("logging.logWriter", "artifactregistry.reader")
_PYTHONS = ("3.14", "3.13", "3.12", "3.11", "3.10")
_TYPE = kinds.matching("class", "a class of instances: F1, F2, F4 or F4_1G", "F1|F2|F4|F4_1G")


class Options(Model):
    """slipway:gcp-appengine"""

    project: Annotated[str, PROJECT] = Field(description="The project that all of it is in, by its id; it has one App Engine.")
    region: Annotated[str, REGION] = Field(description="Where all of it is; App Engine's is for ever.")
    instance_class: Annotated[str, _TYPE] = setting("F1", "The size of an instance: F1 (384 MB), F2, F4, F4_1G (3 GB).")
    min_instances: Annotated[int, number(0, 1000)] = setting(0, "Instances at least; with 0 the first request waits for one.")
    max_instances: Annotated[int, number(1, 1000)] = setting(10, "Instances there are at most.")
    database_class: Annotated[str, CLASS] = setting("db-f1-micro", "The size of a managed database: its tier.")
    database_disk: Annotated[int, number(10, 16384, "GB")] = setting(10, "The disk of its data; it grows by itself.")


def _problems(settings: Settings, options: Options) -> Iterator[Problem]:
    python = settings.app.python
    if (least := options.min_instances) > (most := options.max_instances):
        yield f"{_SECTION}.minInstances", f"wanted at most maxInstances, found {least} and {most}; change one"
    if (seconds := settings.server.timeout) > 600:
        yield "slipway:server.timeout", f"wanted at most 600, as App Engine ends a request then, found {seconds}; lower it"
    if python not in (None, *_PYTHONS):
        yield "slipway:app.python", f"wanted one of {', '.join(_PYTHONS)}, found {shown(python)}; set one, or leave it out"
    if (longest := max(map(len, settings.given), default=0)) > 180:
        yield "slipway:secretEnv", f"wanted names of at most 180 letters, found one of {longest}; shorten it"


class Target(TargetComponent):
    """What is constant, and the release in service."""

    def __init__(self, name: str, settings: Settings, place: StackPlace) -> None:
        super().__init__("slipway:target:GcpAppengine", name)
        options = target_options(settings, Options, "gcp-appengine", _problems)
        facts, own, has_sql = _facts(settings, options, place), pulumi.ResourceOptions(parent=self), _is_managed(settings)
        where: dict[str, Any] = {"project": options.project, "region": options.region}
        google = provider(name, [*_SERVICES, *(["sqladmin"] if has_sql else [])], own, **where)
        child, on = pulumi.ResourceOptions(parent=self, provider=google), pulumi.ResourceOptions(parent=self, depends_on=[google])
        tags = {"project": place.project, "stack": place.stack, "owner": "slipway", APP: name}
        application = PlatformApp(f"{name}-application", {"platform": "appengine", "host": options.project, "app": name, **where}, on)
        account = gcp.serviceaccount.Account(f"{name}-app", account_id=facts["account"].partition("@")[0], display_name=name, opts=child)
        given: dict[str, Any] = {"member": account.member, "opts": child}
        sources = ReleaseStoreArgs(bucket=facts["bucket"], region=options.region, tags=tags, keep=False)
        store = ReleaseStore(f"{name}-sources", sources, child)
        after = [gcp.storage.BucketIAMMember(f"{name}-sources", bucket=store.bucket, role="roles/storage.objectViewer", **given).id]
        for right in (*_RIGHTS, *(["cloudsql.client"] if has_sql else [])):
            after.append(gcp.projects.IAMMember(f"{name}-{right}", project=options.project, role=f"roles/{right}", **given).id)
        planned, key = _planned(settings, options, place.folder), RandomSecret(f"{name}-key", own).value
        secrets, connection = planned.secrets(key, settings.secret_env), pulumi.Output.from_input("")
        values = {one: secrets[one] for one in _secrets(settings) if one != "DATABASE_URL" or not has_sql}
        versions: dict[str, pulumi.Output[str]] = {}
        if has_sql:
            args = ManagedDatabaseArgs(
                app=name, engine=settings.database.engine, instance_class=options.database_class, storage=options.database_disk,
                client_group_id=account.email, keep=settings.keep_data, last_snapshot=settings.last_snapshot, tags=tags, **where,
            )  # fmt: skip
            database = ManagedDatabase(f"{name}-database", args, child)
            connection, values["DATABASE_URL"] = database.address, database.environment["DATABASE_URL"]
        for variable, called in _secrets(settings).items():
            one = f"{name}-{variable}"
            kept = gcp.secretmanager.Secret(one, secret_id=called, replication={"auto": {}}, labels=common.labels(tags), opts=child)
            # Earlier versions stay: releases that can be gone back to name them.
            held: dict[str, Any] = {"secret": pulumi.Output.secret(kept.id), "secret_data": values[variable], "deletion_policy": "ABANDON"}
            versions[variable] = gcp.secretmanager.SecretVersion(one, **held, opts=child).name
            after.append(gcp.secretmanager.SecretIamMember(one, secret_id=kept.id, role="roles/secretmanager.secretAccessor", **given).id)
        # Whoever deploys waits for the rights.
        told = pulumi.Output.all(versions, connection, *after).apply(lambda known: {**facts, "secrets": known[0], "database": known[1]})
        environment: pulumi.Output[dict[str, str]] = pulumi.Output.all(**values).apply(pulumi.Output.secret)
        release = planned.id(key, environment)
        deploy = Deploy(f"{name}-deploy", DeployArgs(planned, release, told, application.url, environment), own)
        self.put_out(settings, release, deploy.require(), application.addresses)


def _planned(settings: Settings, options: Options, folder: Path) -> core.Release[bundles.Bundle]:
    """The release, with what App Engine alone reads; it is asked by the name of its address."""
    planned = bundles.plan(settings, folder, "", bundles.Runs(header="X-Appengine-User-Ip"))
    http, web = settings.http, next(file.content for file in planned.manifest.files if file.path == "Procfile")
    static = {} if core.make_door(settings).static else settings.app.static
    age = {} if http.static_age is None else {"expiration": f"{http.static_age}s"}
    handlers: list[dict[str, Any]] = [
        {"url": f"{re.escape((http.path or '') + url)}/(.*)", "static_files": f"src/{path}/\\1", "upload": f"src/{re.escape(path)}/.*",
         "application_readable": True, **age, "secure": "always"}
        for url, path in sorted(static.items())
    ]  # fmt: skip
    latest = {
        name: f"{SECRET_MANAGER}projects/{options.project}/secrets/{called}/versions/latest" for name, called in _secrets(settings).items()
    }
    document = {
        "runtime": f"python{(settings.app.python or _PYTHONS[0]).replace('.', '')}",
        "service_account": _account(settings, options),
        "entrypoint": web.removeprefix("web: ").strip(),
        "instance_class": options.instance_class,
        "automatic_scaling": {"min_instances": options.min_instances, "max_instances": options.max_instances},
        "inbound_services": ["warmup"],
        "handlers": [*handlers, {"url": "/.*", "script": "auto", "secure": "always"}],
        "env_variables": {**settings.app.env, SECRETS: json.dumps(latest)},
    }
    own = {f"files/{one}": templating.text(f"appengine/{one}") for one in ("release.sh", "slipway_secrets.py")}
    own["app.yaml"] = yaml.safe_dump(document, sort_keys=False)
    return bundles.with_files(planned, *(File(path, content) for path, content in own.items()))


def bundle(settings: Settings, folder: Path) -> core.Release[bundles.Bundle]:
    """The app as a folder for `gcloud app deploy`, once an `up` has made what it names."""
    return _planned(settings, target_options(settings, Options, "gcp-appengine", _problems), folder)


def deployment(settings: Settings, place: StackPlace) -> AppEngine:
    """What the project's App Engine serves now."""
    options = target_options(settings, Options, "gcp-appengine", _problems)
    hostname = Services(options.project).found().get("defaultHostname", "")
    return AppEngine({**_facts(settings, options, place), "url": f"https://{hostname}"})


def _account(settings: Settings, options: Options) -> str:
    return f"{names.short(f'{_site(settings)}-app', 30)}@{options.project}.iam.gserviceaccount.com"


def _site(settings: Settings) -> str:
    return names.short(f"{settings.app.name}-{settings.stack}".lower(), 30)


def _secrets(settings: Settings) -> dict[str, str]:
    """Ids in Secret Manager by variable."""
    own = {SECRET_KEY: SECRET_KEY not in settings.given, LOGINS: bool(settings.logins), "DATABASE_URL": _is_managed(settings)}
    every = settings.given - settings.app.env.keys() | {name for name, is_made in own.items() if is_made}
    return {name: f"{_site(settings)}-{name}" for name in sorted(every)}


def _is_managed(settings: Settings) -> bool:
    return settings.database.engine != "none" and settings.database.placement == "managed"


def _facts(settings: Settings, options: Options, place: StackPlace) -> dict[str, Any]:
    """What `AppEngine` is told; the secrets' versions and the database come as they are made."""
    app, project, region = settings.app, options.project, options.region
    return {
        "platform": "appengine", "app": app.name, "project": project, "region": region, "secrets": {}, "database": "",
        "bucket": common.bucket_name(project, region, place.project, place.stack, app.name), "min": options.min_instances,
        "account": _account(settings, options), "python": app.python or _PYTHONS[0],
        "health": asdict(core.make_health(settings, core.make_door(settings), "", "https")),
    }  # fmt: skip
