"""Resources without a provider plugin: hosts driven from here, passwords, certificates."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pulumi
import pulumi.dynamic

from cloud_init.host import contracts
from cloud_init.host.contracts.facts import HostFacts
from cloud_init.host_tool import tool_id
from components.owner import Owner
from components.providers import HostProvider, PrivateAuthorityProvider, RandomSecretProvider, ServerCertificateProvider


class Host(pulumi.dynamic.Resource, module="slipway", name="Host"):
    """A host with the host tool and its facts, its processes up; `owner` is who manages it."""

    def __init__(self, name: str, facts: HostFacts | Mapping[str, Any], owner: Owner, opts: pulumi.ResourceOptions | None = None) -> None:
        document = contracts.document(facts) if isinstance(facts, HostFacts) else dict(facts)
        inputs = {"facts": json.dumps(document, sort_keys=True), "tool": tool_id(), "owner": asdict(owner)}
        super().__init__(HostProvider(), name, inputs, opts)


def _hiding(opts: pulumi.ResourceOptions | None, *outputs: str) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=[*outputs]))


class RandomSecret(pulumi.dynamic.Resource, module="slipway", name="RandomSecret"):
    """A key or password that the stack keeps: 64 hex digits, made once."""

    value: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(RandomSecretProvider(), name, {"value": None}, _hiding(opts, "value"))


class PrivateAuthority(pulumi.dynamic.Resource, module="slipway", name="PrivateAuthority"):
    """Signs what the stack's hosts show each other: ECDSA P-256, ten years, PEM; a secret key."""

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(PrivateAuthorityProvider(), name, {"name": name, "certificate": None, "key": None}, _hiding(opts, "key"))


class ServerCertificate(pulumi.dynamic.Resource, module="slipway", name="ServerCertificate"):
    """A server's certificate, for two years; the first `up` in its last 90 days makes it anew."""

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(
        self, name: str, authority: PrivateAuthority, address: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        signer = {"authority": authority.certificate, "authority_key": authority.key}
        inputs = {"address": address, **signer, "certificate": None, "key": None}
        super().__init__(ServerCertificateProvider(), name, inputs, _hiding(opts, "key", "authority_key"))
