"""What blocks of one kind put out on every cloud: each cloud's derive from them, and add."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components.blocks.args import ManagedDatabaseArgs
from components.blocks.block import Block
from components.blocks.names import database
from components.hosts.database_host import addresses

OWNER = "slipway_owner"
"""The role that may change a managed database's schema. The first web host makes the other one,
`app`."""


class RoleBlock(Block):
    """What servers of one kind may do by themselves, and what they boot from."""

    name: pulumi.Output[str]
    """The cloud's name of the role."""
    unique_id: pulumi.Output[str]
    """What a host's name in the store begins with; a colon and the instance's own follow."""
    user_data: pulumi.Output[str]
    """Boot data, the same for all of these servers, for Debian 12 and 13, Ubuntu 22.04 and 24.04.
    No secret is in it."""


class ServerBlock(Block):
    """A single server."""

    instance_id: pulumi.Output[str]
    """What the cloud calls the server that there is now."""
    private_address: pulumi.Output[str]
    """The server's own, IPv4."""


class WebServerBlock(ServerBlock):
    """A server, and its address."""

    address: pulumi.Output[str]
    """Public, IPv4, and the same whatever server there is."""


class ManagedDatabaseBlock(Block):
    """A server of the cloud's. Its owner `slipway_owner` may change the schema; the role `app`,
    which may read and write rows, is made by Slipway's web hosts as the first release comes."""

    environment: pulumi.Output[dict[str, str]]
    """Secret variables of the web hosts: DATABASE_URL for the role `app`, DATABASE_OWNER_URL."""
    secrets: pulumi.Output[dict[str, Any]]
    """What a database host may know: nothing, as there is none."""
    manifest: pulumi.Output[dict[str, Any]]
    """For a release's manifest: the authorities to check it against, PEM or where they are."""
    address: pulumi.Output[str]
    """The server's name in the network, which never changes."""

    def _let_in(self, args: ManagedDatabaseArgs, passwords: Any, ready: Sequence[pulumi.Input[str]] = ()) -> None:
        """Sets what web hosts need, once `ready` is known. `passwords`: of `owner` and `app`."""
        urls = pulumi.Output.all(passwords, self.address, *ready).apply(
            lambda known: addresses(args.app, args.engine, known[0], known[1], database(args.app), OWNER, shared=True)
        )
        self.environment, self.secrets = pulumi.Output.secret(urls), pulumi.Output.from_input({})
