"""One web server with a fixed address."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.instance import ServerArgs, make
from components.aws.tags import child, named
from components.serving import Serving, ServingArgs


@dataclass(kw_only=True)
class WebServerArgs(ServerArgs):
    """A server as `ServerArgs` says. `store`: address of the release store, `identity`: what the names of its hosts begin with: the id of
    their role. With both the address moves to a server that takes another's place only once it serves what is live."""

    store: pulumi.Input[str] | None = None
    identity: pulumi.Input[str] | None = None


class WebServer(pulumi.ComponentResource):
    """`instance_id`; `address`: public and fixed; `private_address`."""

    instance_id: pulumi.Output[str]
    address: pulumi.Output[str]
    private_address: pulumi.Output[str]

    def __init__(self, name: str, args: WebServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:WebServer", name, None, opts)
        server = make(name, "web", args, self)
        fixed = aws.ec2.Eip(name, domain="vpc", tags=named(args.tags, name), opts=child(self))
        serving = self._serving(name, args, server)
        after = pulumi.ResourceOptions.merge(child(self), pulumi.ResourceOptions(depends_on=serving))
        aws.ec2.EipAssociation(name, allocation_id=fixed.id, instance_id=server.id, opts=after)
        self.instance_id, self.address, self.private_address = server.id, fixed.public_ip, server.private_ip
        self.register_outputs({one: getattr(self, one) for one in ("instance_id", "address", "private_address")})

    def _serving(self, name: str, args: WebServerArgs, server: aws.ec2.Instance) -> list[pulumi.Resource]:
        if args.store is None or args.identity is None:
            return []
        host = pulumi.Output.concat(args.identity, ":", server.id)
        return [Serving(name, ServingArgs(args.store, [host]), child(self))]
