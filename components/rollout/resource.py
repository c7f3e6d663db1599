"""The release in service: publishes it to the store and has the coordinator bring it to every host."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi.dynamic

from components.providers import RolloutProvider


@dataclass
class RolloutArgs:
    """What to roll out and where.

    `release` id; `manifest` as JSON, without its id; `source` the app's folder; `secret_environment` lands in the store alone;
    `database_environment` is the part of it that leads to a database host, whose own secrets are `database_secrets`;
    `hosts` their facts as JSON, none where they follow the store by themselves; `store` the store's address; `url` the public address
    that must show the release, as must `addresses` of the web hosts; `expected` names hosts that follow, `fewest` says how many web hosts
    there will be at least.
    """

    release: pulumi.Input[str]
    manifest: pulumi.Input[str]
    source: pulumi.Input[str]
    secret_environment: pulumi.Input[Mapping[str, str]]
    store: pulumi.Input[str]
    url: pulumi.Input[str]
    hosts: pulumi.Input[str] = "[]"
    expected: pulumi.Input[Sequence[str]] = ()
    fewest: pulumi.Input[int] = 0
    addresses: pulumi.Input[Sequence[str]] = ()
    database_environment: pulumi.Input[Mapping[str, str]] = field(default_factory=dict)
    database_secrets: pulumi.Input[Mapping[str, Any]] = field(default_factory=dict)


class Rollout(pulumi.dynamic.Resource, module="slipway", name="Rollout"):
    """`ok` and `message` are the verdict: a refused release is an answer, not an exception."""

    release: pulumi.Output[str]
    ok: pulumi.Output[bool]
    message: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(self, name: str, args: RolloutArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        inputs: dict[str, Any] = {**vars(args), "ok": None, "message": None}
        super().__init__(RolloutProvider(), name, inputs, opts)

    def require(self) -> pulumi.Output[str]:
        """The URL, once the release serves. Raises `pulumi.RunError` with the reason when it was refused."""
        return pulumi.Output.all(self.url, self.ok, self.message).apply(required)


def required(verdict: list[Any]) -> str:
    url, ok, message = verdict
    if not ok:
        raise pulumi.RunError(str(message))
    return str(url)
