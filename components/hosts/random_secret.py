"""A random value that a stack keeps: keys and passwords, without any provider plugin."""

import pulumi
import pulumi.dynamic

from components.providers import RandomSecretProvider


class RandomSecret(pulumi.dynamic.Resource, module="slipway", name="RandomSecret"):
    """64 hex digits, made once, secret from the first line to the state."""

    value: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["value"]))
        super().__init__(RandomSecretProvider(), name, {"value": None}, opts)
