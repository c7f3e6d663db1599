"""The release in service on a platform that builds and runs the app by itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi.dynamic

from components.providers import DeployProvider
from components.release.bundle import Bundle
from components.release.core import Release
from components.rollout.resource import required


@dataclass
class DeployArgs:
    """`planned` the release that components/release/bundle.py made, `release` its id; `platform` the facts by which
    components/platforms/NAME.py finds the app, its `platform` being NAME; `url` the public address that must show the
    release; `secret_environment` goes to the platform alone."""

    planned: Release[Bundle]
    release: pulumi.Input[str]
    platform: pulumi.Input[Mapping[str, Any]]
    url: pulumi.Input[str]
    secret_environment: pulumi.Input[Mapping[str, str]]


class Deploy(pulumi.dynamic.Resource, module="slipway", name="Deploy"):
    """`ok` and `message` are the verdict, as those of a `Rollout`."""

    release: pulumi.Output[str]
    ok: pulumi.Output[bool]
    message: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(self, name: str, args: DeployArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        inputs: dict[str, Any] = {
            "release": args.release,
            "bundle": args.planned.manifest_json,
            "source": str(Path(args.planned.source)),
            "platform": pulumi.Output.from_input(args.platform).apply(_facts),
            "url": args.url,
            "secret_environment": args.secret_environment,
            "ok": None,
            "message": None,
        }
        super().__init__(DeployProvider(), name, inputs, opts)

    def require(self) -> pulumi.Output[str]:
        """The URL, once the release serves. Raises `pulumi.RunError` with the reason when it was refused."""
        return pulumi.Output.all(self.url, self.ok, self.message).apply(required)


def _facts(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, sort_keys=True)
