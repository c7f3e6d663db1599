"""Google Cloud, as the types and inputs of its provider say it.

All its disks and buckets are encrypted: nothing turns that off. A host's firewalls are its service
accounts, which rules name."""

from collections.abc import Iterator
from typing import Any

from policy.facts import ALL_PORTS, CloudBucket, CloudDatabase, CloudHost, Disk, Facts, Opening, UserData
from policy.plan import Plan, Resource, at, flag, is_known, items, leaves, mapping, number, shown, text, written

_INSTANCE = "gcp:compute/instance:Instance"
_TEMPLATE = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
_GROUP = "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager"
_FIREWALL = "gcp:compute/firewall:Firewall"
_ACCOUNT = "gcp:serviceaccount/account:Account"
_DISK = "gcp:compute/disk:Disk"
_ATTACHMENT = "gcp:compute/attachedDisk:AttachedDisk"
_BUCKET = "gcp:storage/bucket:Bucket"
_DATABASE = "gcp:sql/databaseInstance:DatabaseInstance"
_ENTRANCES = (
    "gcp:compute/address:Address",
    "gcp:compute/globalAddress:GlobalAddress",
    "gcp:compute/globalForwardingRule:GlobalForwardingRule",
)
_IMAGES = {_INSTANCE: "bootDisk.initializeParams.image", _TEMPLATE: "disks[0].sourceImage"}
_STOPPED_FOR = frozenset({"machineType", "minCpuPlatform", "serviceAccount", "shieldedInstanceConfig", "enableDisplay"})
_LOCK, _PUBLIC = "settings.deletionProtectionEnabled", "settings.ipConfiguration.ipv4Enabled"
_SOURCES = ("sourceRanges", "sourceServiceAccounts", "sourceTags")
_WITHOUT_PORTS = {"icmp", "1", "58", "ipip", "4"}


def facts(plan: Plan) -> Facts:
    """What the plan's resources on Google Cloud mean."""
    return Facts(
        openings=tuple(_openings(plan)),
        disks=tuple(
            Disk(one, "", True, apart=True, final_snapshot=flag(one.inputs.get("createSnapshotBeforeDestroy"))) for one in plan.made(_DISK)
        ),
        buckets=tuple(CloudBucket(one, True, tuple(_openness(one))) for one in plan.made(_BUCKET)),
        databases=tuple(_database(one) for one in plan.made(_DATABASE)),
        hosts=tuple(_hosts(plan)),
        entrances=tuple(one for one in plan.made(*_ENTRANCES) if one.inputs.get("addressType") != "INTERNAL"),
        images=tuple((one, input) for type, input in _IMAGES.items() for one in plan.made(type)),
        # Metadata answer who sends a header of their own; there is nothing to set.
        user_data=tuple(one for server in plan.made(_INSTANCE, _TEMPLATE) for one in _user_data(server)),
    )


def _openings(plan: Plan) -> Iterator[Opening]:
    """What a rule lets in to hosts of each account; to all in its network, where it names none.
    From everywhere, where it doesn't say from where."""
    for rule in plan.made(_FIREWALL):
        given = rule.inputs
        if text(given.get("direction")).upper() == "EGRESS":
            continue
        addresses = tuple(items(given.get("sourceRanges"))) if any(given.get(one) for one in _SOURCES) else ("0.0.0.0/0",)
        for entry in map(mapping, items(given.get("allows"))):
            protocol = shown(entry.get("protocol")).lower()
            for ports in () if protocol in _WITHOUT_PORTS else items(entry.get("ports")) or ["0-65535"]:
                for target in _accounts(plan, rule, "targetServiceAccounts") or ("",):
                    yield Opening(rule, target, _ports(ports), addresses, _accounts(plan, rule, "sourceServiceAccounts"))


def _ports(given: Any) -> range | None:
    low, _, high = shown(given).partition("-")
    ends = number(low), number(high or low)
    return None if ends[0] is None or ends[1] is None else range(ends[0], min(ends[1], ALL_PORTS[-1]) + 1)


def _accounts(plan: Plan, resource: Resource, input: str) -> tuple[str, ...]:
    """The URNs of the service accounts there, or what names them where they aren't in the plan."""
    made, given = [one.urn for one in plan.origins(resource, input, _ACCOUNT)], resource.inputs.get(input)
    return tuple(made or (shown(one) for one in items(mapping(given).get("email", given))))


def _openness(bucket: Resource) -> Iterator[str]:
    if flag(bucket.inputs.get("uniformBucketLevelAccess")) is False:
        yield "uniformBucketLevelAccess not true"
    prevention = bucket.inputs.get("publicAccessPrevention")
    if prevention != "enforced" and (prevention is None or is_known(prevention)):
        yield "publicAccessPrevention not enforced"


def _database(one: Resource) -> CloudDatabase:
    """A public address is what it has where nothing is said. One that lets no network in is reached
    by who has a right to it, through Cloud SQL's proxies."""
    public, last = at(one.inputs, _PUBLIC), flag(at(one.inputs, "settings.finalBackupConfig.enabled"))
    stops = frozenset({"databaseVersion", "settings.tier"})
    shut = at(one.inputs, "settings.ipConfiguration.authorizedNetworks") == []
    return CloudDatabase(one, not shut and (public is None or flag(public)), (), flag(at(one.inputs, _LOCK)), last, _LOCK, stops)


def _hosts(plan: Plan) -> Iterator[CloudHost]:
    for server in plan.made(_INSTANCE):
        attached = [one for one in plan.made(_ATTACHMENT) if server in plan.origins(one, "instance")]
        disks = tuple(disk.urn for one in attached for disk in plan.origins(one, "disk", _DISK))
        yield CloudHost(server, _accounts(plan, server, "serviceAccount"), _STOPPED_FOR, disks=disks)
    for group in plan.made(_GROUP):
        templates = plan.origins(group, "versions", _TEMPLATE)  # another one replaces its servers, in turn
        yield CloudHost(group, tuple(urn for one in templates for urn in _accounts(plan, one, "serviceAccount")))


def _user_data(server: Resource) -> Iterator[UserData]:
    """All metadata can be read by whoever may look at the server."""
    for path, value in leaves(server.inputs):
        if path and path[0] in ("metadata", "metadataStartupScript"):
            yield UserData(server, written(path), value)
