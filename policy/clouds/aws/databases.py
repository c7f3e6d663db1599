"""Databases that AWS runs."""

from collections.abc import Iterator

from policy.clouds.aws.types import groups
from policy.facts import CloudDatabase, Disk
from policy.plan import Plan
from policy.values import flag

_INSTANCE = "aws:rds/instance:Instance"
_STOPPED_FOR = frozenset({"instanceClass", "engineVersion", "port", "caCertIdentifier"})
"""Inputs that restart it: at once with `applyImmediately`, else in its maintenance window."""


def databases(plan: Plan) -> Iterator[CloudDatabase]:
    """Each instance."""
    for one in plan.made(_INSTANCE):
        skipped, has_name = flag(one.inputs.get("skipFinalSnapshot")), one.inputs.get("finalSnapshotIdentifier") is not None
        yield CloudDatabase(
            one,
            public=flag(one.inputs.get("publiclyAccessible")),
            firewalls=groups(plan, one, "vpcSecurityGroupIds", one.inputs.get("vpcSecurityGroupIds")),
            locked=flag(one.inputs.get("deletionProtection")),
            final_snapshot=None if skipped is None else not skipped and has_name,  # without one it fails as the database is removed
            lock_input="deletionProtection",
            stops_for=_STOPPED_FOR,
        )


def disks(plan: Plan) -> Iterator[Disk]:
    """Their storage."""
    for one in plan.made(_INSTANCE):
        yield Disk(one, "storageEncrypted", flag(one.inputs.get("storageEncrypted")))
