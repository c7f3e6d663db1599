"""A stack's resources for the release in service: rolled out, deployed, wanted first, awaited."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pulumi
import pulumi.dynamic

from cloud_init.host import contracts
from cloud_init.host.contracts.manifest import DatabasePart, Manifest
from components.providers import DeployProvider, FirstReleaseProvider, PlatformAppProvider, RolloutProvider, ServingProvider
from components.release.bundle import Bundle
from components.release.core import Release, identity, whole


class ServedRelease(pulumi.dynamic.Resource):
    """What says how a release fared, by `ok` and `message`: one that is refused is an answer."""

    release: pulumi.Output[str]
    ok: pulumi.Output[bool]
    message: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(self, provider: RolloutProvider, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(provider, name, {**inputs, "ok": None, "message": None}, opts)

    def require(self) -> pulumi.Output[str]:
        """The URL, once the release serves. Raises `pulumi.RunError` where it was refused."""

        def required(verdict: Sequence[Any]) -> str:
            url, ok, message = verdict
            if not ok:
                raise pulumi.RunError(str(message))
            return str(url)

        return pulumi.Output.all(self.url, self.ok, self.message).apply(required)


class DatabaseOutputs(Protocol):
    """What a release needs of its database; unknown in the first preview. `environment`: secret
    variables of the web hosts. `secrets`: what the database host alone knows. `manifest`: public
    fields of the manifest's `DatabasePart`, as JSON has them."""

    environment: pulumi.Output[dict[str, str]]
    secrets: pulumi.Output[dict[str, Any]]
    manifest: pulumi.Output[dict[str, Any]]


@dataclass
class ReleaseArgs:
    """A release that can be rolled out, as `finish` makes it. `release` is its id; `manifest` JSON
    without that id; `source` the app's folder. To the store alone go `secret_environment`,
    `database_environment`, which leads to a database host, and that one's `database_secrets`."""

    release: pulumi.Input[str]
    manifest: pulumi.Input[str]
    source: pulumi.Input[str]
    secret_environment: pulumi.Input[Mapping[str, str]]
    database_environment: pulumi.Input[Mapping[str, str]]
    database_secrets: pulumi.Input[Mapping[str, Any]]


def finish(
    planned: Release[Manifest],
    key: pulumi.Input[str],
    secret_environment: pulumi.Input[Mapping[str, str]],
    database: DatabaseOutputs | None = None,
) -> ReleaseArgs:
    """`planned` with its secrets, `SECRET_KEY` among them, and its database; its id covers all."""
    nothing: pulumi.Output[dict[str, Any]] = pulumi.Output.from_input({})
    more, secrets, part = (database.environment, database.secrets, database.manifest) if database else (nothing, nothing, nothing)
    secret = planned.secrets(key, secret_environment)
    environment = pulumi.Output.all(whole(secret), more).apply(lambda both: {**both[1], **both[0]})
    base = contracts.document(planned.manifest.database)
    manifest = part.apply(lambda known: replace(planned.manifest, database=contracts.read(DatabasePart, {**base, **known})))
    release = pulumi.Output.all(key, manifest, environment, secrets).apply(lambda known: _id(*known))
    text = manifest.apply(lambda whole: json.dumps(contracts.document(whole), sort_keys=True))
    return ReleaseArgs(pulumi.Output.unsecret(release), pulumi.Output.unsecret(text), str(planned.source), secret, more, secrets)


def _id(key: str, manifest: Manifest, environment: Mapping[str, str], secrets: Mapping[str, Any]) -> str:
    return identity(key, manifest, {**environment, **({"": json.dumps(secrets, sort_keys=True)} if secrets else {})})


@dataclass(kw_only=True)
class RolloutArgs(ReleaseArgs):
    """`store` is the store's address; `url` the public address that must show the release, as must
    `addresses` of web hosts. `hosts`: their facts as JSON, none where they follow the store: those
    of names that are `expected`, or `fewest`. `key`: of release ids, where hosts have what
    they need from each other."""

    store: pulumi.Input[str]
    url: pulumi.Input[str]
    hosts: pulumi.Input[str] = "[]"
    key: pulumi.Input[str] = ""
    expected: pulumi.Input[Sequence[str]] = ()
    fewest: pulumi.Input[int] = 0
    addresses: pulumi.Input[Sequence[str]] = ()


class Rollout(ServedRelease, module="slipway", name="Rollout"):
    """Publishes a release to the store and has the coordinator bring it to every host."""

    def __init__(self, name: str, args: RolloutArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(RolloutProvider(), name, vars(args), opts)


@dataclass
class DeployArgs:
    """`planned`: the release of release/bundle.py, `release` its id; `platform`: the facts by
    which components/platforms/NAME.py finds the app, with its NAME; `url`: the public
    address that must show the release; `secret_environment` goes to the platform alone."""

    planned: Release[Bundle]
    release: pulumi.Input[str]
    platform: pulumi.Input[Mapping[str, Any]]
    url: pulumi.Input[str]
    secret_environment: pulumi.Input[Mapping[str, str]]


class Deploy(ServedRelease, module="slipway", name="Deploy"):
    """Has a platform build and serve a release."""

    def __init__(self, name: str, args: DeployArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        facts = pulumi.Output.from_input(args.platform).apply(lambda known: json.dumps(known, sort_keys=True))
        inputs = {
            "release": args.release,
            "bundle": args.planned.manifest_json,
            "source": str(Path(args.planned.source)),
            "platform": facts,
            "url": args.url,
            "secret_environment": args.secret_environment,
        }
        super().__init__(DeployProvider(), name, inputs, opts)


class PlatformApp(pulumi.dynamic.Resource, module="slipway", name="PlatformApp"):
    """An app on a platform, by the facts that its `Platform` makes it of."""

    url: pulumi.Output[str]
    addresses: pulumi.Output[list[str]]

    def __init__(self, name: str, facts: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        inputs = {"name": facts["host"], "facts": json.dumps(facts, sort_keys=True), "url": None, "addresses": None}
        super().__init__(PlatformAppProvider(), name, inputs, opts)


class FirstRelease(pulumi.dynamic.Resource, module="slipway", name="FirstRelease"):
    """Publishes a release and wants it where nothing was ever wanted, so that new servers, made
    after it, serve it. The rollout that depends on them proves it, or refuses it."""

    release: pulumi.Output[str]

    def __init__(self, name: str, args: ReleaseArgs, store: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(FirstReleaseProvider(), name, {**vars(args), "store": store}, opts)


class Serving(pulumi.dynamic.Resource, module="slipway", name="Serving"):
    """Made when each of these hosts (names in the store) serves what is live, if anything is. Other
    hosts replace it. One that doesn't within 10 minutes is a `SlipwayError`; what depends on this,
    such as an address that moves to a host, stays as it is."""

    hosts: pulumi.Output[Sequence[str]]

    def __init__(
        self, name: str, store: pulumi.Input[str], hosts: Sequence[pulumi.Input[str]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(ServingProvider(), name, {"store": store, "hosts": hosts}, opts)
