"""What a fleet serves from its first moment: a release that is in the store, and wanted, before there are hosts.

first = FirstRelease(f"{name}-first-release", FirstReleaseArgs(store.address, **vars(final)), child)
group = WebFleet(…, WebFleetArgs(…, after=[first.release]))
Rollout(…, opts=ResourceOptions(depends_on=[group]))
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi.dynamic

from components.providers import FirstReleaseProvider


@dataclass
class FirstReleaseArgs:
    """`store` its address; the others as in `RolloutArgs`."""

    store: pulumi.Input[str]
    release: pulumi.Input[str]
    manifest: pulumi.Input[str]
    source: pulumi.Input[str]
    secret_environment: pulumi.Input[Mapping[str, str]]
    database_environment: pulumi.Input[Mapping[str, str]] = field(default_factory=dict)
    database_secrets: pulumi.Input[Mapping[str, Any]] = field(default_factory=dict)


class FirstRelease(pulumi.dynamic.Resource, module="slipway", name="FirstRelease"):
    """Publishes the release and wants it, where nothing was ever wanted; never again. The rollout after it proves it, or refuses it."""

    release: pulumi.Output[str]

    def __init__(self, name: str, args: FirstReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(FirstReleaseProvider(), name, dict(vars(args)), opts)
