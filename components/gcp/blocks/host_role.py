"""What a server may do by itself, and what it boots from."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from cloud_init import bootstrap
from cloud_init.fleet import ROLES
from components.blocks import args
from components.blocks.block import child, one_of
from components.blocks.names import unique
from components.blocks.outputs import RoleBlock
from components.gcp.common import below, resource_name

_ACCOUNT = 30  # letters of a service account's name


@dataclass(kw_only=True)
class HostRoleArgs(args.HostRoleArgs):
    """The arguments of a `HostRole` on Google Cloud."""

    bucket: pulumi.Input[str]
    """`bucket` of that `ReleaseStore`."""


class HostRole(RoleBlock):
    """A service account for servers, by whose address the store knows them, and their boot data: a
    script alone, as Debian's images there have no cloud-init. Servers of one account can't be told
    apart by what they may do: each may write what another tells."""

    def __init__(self, name: str, args: HostRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:HostRole", name, None, opts)
        kind, backups, own = one_of(name, "role", ROLES, args.role), bool(args.backups), child(self, args.keep)
        called = resource_name(name)
        account = gcp.serviceaccount.Account(called, account_id=unique(called, _ACCOUNT), display_name=f"Slipway: {name}", opts=own)
        known = pulumi.Output.all(args.bucket, account.email)
        where = known.apply(lambda both: {right: below(both[0], names) for right, names in rights(both[1], kind, backups).items()})
        given = [
            gcp.storage.BucketIAMMember(
                f"{called}-{right.lower()}",
                bucket=args.bucket,
                role=f"roles/storage.{right}",
                member=account.member,
                condition={"title": f"slipway-{kind}", "expression": where[right]},
                opts=own,
            ).id
            for right in rights("", kind, backups)
        ]
        # Who takes the name waits for the rights.
        self.name = pulumi.Output.all(account.email, *given).apply(lambda known: str(known[0]))
        self.unique_id = account.email
        self.user_data = args.boot(account.email, "{host}").apply(bootstrap.script)
        self._finish()


def rights(identity: str, role: str, backups: bool = False) -> dict[str, Sequence[str]]:
    """What the account may do in the store: Google's roles (`roles/storage.…`), each with what
    names of objects begin with. To replace an object it must be allowed to remove it. Who may read
    may list, so that a missing object isn't answered like a forbidden one. No condition knows an
    instance, so `outcomes` and `backups` are open to all hosts of the account."""
    own = [f"outcomes/{identity}:", *([f"backups/{identity}/"] if backups else [])]
    return {"objectViewer": ["releases/", "desired.json", "tool.json", f"secrets/{role}/"], "objectUser": own}
