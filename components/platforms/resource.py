"""The release in service on a platform that builds and runs the app by itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from components.providers import DeployProvider
from components.release.bundle import Bundle
from components.release.core import Release
from components.rollout.resources import ServedRelease


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
