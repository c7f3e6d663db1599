"""Databases that AWS runs."""

from collections.abc import Iterator

from policy.clouds.aws.types import groups
from policy.facts import CloudDatabase, Disk
from policy.plan import Plan, Resource
from policy.values import flag, number, text

_INSTANCE = "aws:rds/instance:Instance"
_CLUSTER = "aws:rds/cluster:Cluster"
_MEMBER = "aws:rds/clusterInstance:ClusterInstance"
_STOPPED_FOR = frozenset({"instanceClass", "engineVersion", "port", "caCertIdentifier"})
"""Inputs that restart it: at once with `applyImmediately`, else in its maintenance window."""
_PORTS = {"postgres": 5432, "postgresql": 5432, "mysql": 3306, "mariadb": 3306, "aurora": 3306}


def databases(plan: Plan) -> Iterator[CloudDatabase]:
    """Instances and clusters; a cluster's members say only whether they are public."""
    for one in plan.made(_INSTANCE, _CLUSTER):
        skipped, has_name = flag(one.inputs.get("skipFinalSnapshot")), one.inputs.get("finalSnapshotIdentifier") is not None
        yield CloudDatabase(
            one,
            public=flag(one.inputs.get("publiclyAccessible")),
            firewalls=groups(plan, one, "vpcSecurityGroupIds", one.inputs.get("vpcSecurityGroupIds")),
            ports=_ports(one),
            holds_data=not _is_copy(one),
            locked=flag(one.inputs.get("deletionProtection")),
            final_snapshot=None if skipped is None else not skipped and has_name,  # without one it fails as the database is removed
            lock_input="deletionProtection",
            stops_for=_STOPPED_FOR,
        )
    for member in plan.made(_MEMBER):
        yield CloudDatabase(member, public=flag(member.inputs.get("publiclyAccessible")), holds_data=False)


def disks(plan: Plan) -> Iterator[Disk]:
    """Their storage; a copy's is as its source's."""
    for one in plan.made(_INSTANCE, _CLUSTER):
        if not _is_copy(one) or one.inputs.get("storageEncrypted") is not None:
            yield Disk(one, "storageEncrypted", flag(one.inputs.get("storageEncrypted")))


def _ports(database: Resource) -> tuple[int, ...]:
    given = number(database.inputs.get("port"))
    if given is not None:
        return (given,)
    engine = text(database.inputs.get("engine")).removeprefix("aurora-").partition("-")[0]
    return (_PORTS[engine],) if engine in _PORTS else ()


def _is_copy(database: Resource) -> bool:
    return any(database.inputs.get(input) is not None for input in ("replicateSourceDb", "replicationSourceIdentifier"))
