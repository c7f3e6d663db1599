"""One web server with a fixed address."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.blocks.instance import ServerArgs, make
from components.aws.tags import named
from components.blocks import names
from components.blocks.block import Block, child
from components.errors import UsageError
from components.rollout.serving import Serving, ServingArgs


@dataclass(kw_only=True)
class WebServerArgs(ServerArgs):
    """Of one server, as `ServerArgs` says. With `store` and `role_id` the address moves to a server that takes another's place only once
    it serves what is live there."""

    store: pulumi.Input[str] | None = None
    """`address` of the `ReleaseStore` that it follows."""
    role_id: pulumi.Input[str] | None = None
    """`unique_id` of its `HostRole`."""
    keep: bool | None = None
    """The app's data is on its disk: it is protected and retained."""


class WebServer(Block):
    """The server, and its address. Raises `UsageError` where only one of `store` and `role_id` is given, or the image is for
    another architecture."""

    instance_id: pulumi.Output[str]
    """Of the server that there is now."""
    address: pulumi.Output[str]
    """Public, IPv4, and the same whatever server there is."""
    private_address: pulumi.Output[str]
    """The server's own, IPv4."""

    def __init__(self, name: str, args: WebServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:WebServer", name, None, opts)
        server = make(name, "web", args, self, args.keep)
        fixed = aws.ec2.Eip(name, domain="vpc", tags=named(args.tags, name), opts=child(self))
        serving = self._serving(name, args, server)
        after = pulumi.ResourceOptions.merge(child(self), pulumi.ResourceOptions(depends_on=serving))
        aws.ec2.EipAssociation(name, allocation_id=fixed.id, instance_id=server.id, opts=after)
        self.instance_id, self.address, self.private_address = server.id, fixed.public_ip, server.private_ip
        self._finish()

    def _serving(self, name: str, args: WebServerArgs, server: aws.ec2.Instance) -> list[pulumi.Resource]:
        if args.store is None and args.role_id is None:
            return []
        if args.store is None or args.role_id is None:
            lacking = "store" if args.store is None else "role_id"
            raise UsageError(f"{name}: wanted both store and role_id, or none, found no {lacking}; set it")
        return [Serving(name, ServingArgs(args.store, [names.host(args.role_id, server.id)]), child(self))]
