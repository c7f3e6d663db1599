"""Certificates for what a stack's own hosts say to each other, without any provider plugin: an authority of the stack's own."""

import pulumi
import pulumi.dynamic

from components.providers import PrivateAuthorityProvider, ServerCertificateProvider


class PrivateAuthority(pulumi.dynamic.Resource, module="slipway", name="PrivateAuthority"):
    """ECDSA P-256, ten years. `certificate` is public; `key` secret from the first line to the state."""

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["key"]))
        super().__init__(PrivateAuthorityProvider(), name, {"name": name, "certificate": None, "key": None}, opts)


class ServerCertificate(pulumi.dynamic.Resource, module="slipway", name="ServerCertificate"):
    """Of a server at `address`, an IP address or a name: two years, made anew by the first `up` in its last 90 days."""

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(
        self, name: str, authority: PrivateAuthority, address: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["key", "authority_key"]))
        inputs = {
            "address": address, "authority": authority.certificate, "authority_key": authority.key, "certificate": None, "key": None,
        }  # fmt: skip
        super().__init__(ServerCertificateProvider(), name, inputs, opts)
