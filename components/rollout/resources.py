"""A stack's resources for the release in service: rolled out, wanted first, waited for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi.dynamic

from components.providers import FirstReleaseProvider, RolloutProvider, ServingProvider


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


@dataclass(kw_only=True)
class ReleaseArgs:
    """A release and where it goes.

    `release` is its id; `manifest` is JSON without that id; `source` the app's folder;
    `secret_environment` goes to the store alone; so does `database_environment`, which leads to a
    database host, whose own secrets are `database_secrets`; `store` is the store's address.
    """

    release: pulumi.Input[str]
    manifest: pulumi.Input[str]
    source: pulumi.Input[str]
    secret_environment: pulumi.Input[Mapping[str, str]]
    store: pulumi.Input[str]
    database_environment: pulumi.Input[Mapping[str, str]] = field(default_factory=dict)
    database_secrets: pulumi.Input[Mapping[str, Any]] = field(default_factory=dict)


@dataclass(kw_only=True)
class RolloutArgs(ReleaseArgs):
    """`url` is the public address that must show the release; so must `addresses` of web hosts.

    `hosts`: their facts as JSON, none where they follow the store themselves; `expected`: names of
    those that follow; `fewest`: how many web hosts there will be at least.
    """

    url: pulumi.Input[str]
    hosts: pulumi.Input[str] = "[]"
    expected: pulumi.Input[Sequence[str]] = ()
    fewest: pulumi.Input[int] = 0
    addresses: pulumi.Input[Sequence[str]] = ()


class Rollout(ServedRelease, module="slipway", name="Rollout"):
    """Publishes a release to the store and has the coordinator bring it to every host."""

    def __init__(self, name: str, args: RolloutArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(RolloutProvider(), name, vars(args), opts)


class FirstRelease(pulumi.dynamic.Resource, module="slipway", name="FirstRelease"):
    """Publishes a release and wants it where nothing was ever wanted, so that new servers serve it.

    The rollout after it proves it, or refuses it.

    first = FirstRelease(f"{name}-first-release", ReleaseArgs(store=address, **vars(final)))
    group = WebFleet(…, WebFleetArgs(…, after=[first.release]))
    Rollout(…, opts=ResourceOptions(depends_on=[group]))
    """

    release: pulumi.Output[str]

    def __init__(self, name: str, args: ReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(FirstReleaseProvider(), name, dict(vars(args)), opts)


@dataclass
class ServingArgs:
    """`store` its address; `hosts` their names in it."""

    store: pulumi.Input[str]
    hosts: pulumi.Input[Sequence[pulumi.Input[str]]]


class Serving(pulumi.dynamic.Resource, module="slipway", name="Serving"):
    """Made when each of these hosts serves what is live, at once where nothing is.

    Other hosts replace it. A host that doesn't within 10 minutes is a `SlipwayError`; what depends
    on this, such as an address that moves to a host, stays as it is.
    """

    hosts: pulumi.Output[Sequence[str]]

    def __init__(self, name: str, args: ServingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(ServingProvider(), name, dict(vars(args)), opts)
