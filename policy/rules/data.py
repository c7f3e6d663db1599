"""Rules for what holds data: buckets, disks and databases."""

from collections.abc import Iterator

from policy.facts import Facts, Problem
from policy.plan import Plan, Resource

_KEEP_DATA = "slipway:keepData"


def buckets_encrypted(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """Every bucket says how it is encrypted.

    What a cloud does by default can't be seen in a plan and doesn't count."""
    for bucket in facts.buckets:
        if bucket.encrypted is False:
            yield Problem(bucket.at, "wanted a bucket with encryption set, found none; add its encryption configuration")


def buckets_private(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """No bucket can be made public, by lists of access, by policies or by mistake."""
    for bucket in facts.buckets:
        if bucket.openness:
            yield Problem(bucket.at, f"wanted a bucket closed to the public, found {', '.join(bucket.openness)}; block all public access")


def disks_encrypted(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """Every disk is encrypted, and says so: hosts' disks, disks of their own, the storage of
    databases.

    What an account encrypts by default can't be seen in a plan and doesn't count."""
    for disk in facts.disks:
        if disk.encrypted is False:
            yield Problem(disk.at, f"wanted encrypted disks, found {disk.label} not true; set it")


def database_protected(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """What holds data can't be lost: it is protected, and kept or copied where it is removed all
    the same.

    Databases that the cloud runs, and disks that are resources of their own, must be `protect`.
    Unless it is `retainOnDelete` too, a database must be locked by the cloud (deletion protection)
    and leave a final snapshot with a name, and a disk a final snapshot. Buckets aren't asked for: a
    cloud removes none that still holds something. A stack that is to go with its data says so:
    `slipway:keepData: false`."""
    if plan.settings.get(_KEEP_DATA) is False:
        return
    for database in facts.databases:
        yield from _protected(database.at)
        if database.locked is False and not database.at.retain:
            yield Problem(database.at, f"wanted the cloud to refuse its removal, found {database.lock_input} not true; set it")
        yield from _copied(database.at, database.final_snapshot)
    for disk in facts.disks:
        if disk.apart:
            yield from _protected(disk.at)
            yield from _copied(disk.at, disk.final_snapshot)


def _protected(at: Resource) -> Iterator[Problem]:
    if not at.protect:
        yield Problem(at, "wanted what holds data to be protected, found it isn't; make it with protect=True")


def _copied(at: Resource, final_snapshot: bool | None) -> Iterator[Problem]:
    if final_snapshot is False and not at.retain:
        yield Problem(at, "wanted a final snapshot, found none that would be made; set it, with a name, or retain the resource")


def data_with_network(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """Whatever kept data stands in is kept too, or a destroy that keeps data fails half-way.

    What the inputs of something `protect` come from must be `protect`, and of something
    `retainOnDelete` `retainOnDelete`: subnets, networks, firewalls, parameter groups, keys; so must
    what these come from, and the key of a bucket's encryption."""
    for kept in (one for one in plan.resources if one.protect or one.retain):
        for needed in _all_needed(plan, kept):
            marks = ["protect=True"] if kept.protect and not needed.protect else []
            marks += ["retain_on_delete=True"] if kept.retain and not needed.retain else []
            if marks:
                wanted = f"wanted it kept with {kept.name}, which stands in it"
                yield Problem(needed, f"{wanted}, found it would be removed; make it with {' and '.join(marks)}")


def _all_needed(plan: Plan, kept: Resource) -> Iterator[Resource]:
    """What it needs, and what that needs, each once."""
    waiting, met = [kept], {kept.urn}
    while waiting:
        one = waiting.pop(0)
        keys = [other for other in plan.resources if "Encryption" in other.type]
        beside = [key for key in keys if one in plan.origins(key, "bucket") or key.inputs.get("bucket") == one.inputs.get("bucket", 0)]
        for needed in (needs for at in (one, *beside) for input in at.references for needs in plan.origins(at, input)):
            if needed.kind == "resource" and needed.urn not in met:
                met.add(needed.urn)
                waiting.append(needed)
                yield needed


RULES = (buckets_encrypted, buckets_private, disks_encrypted, database_protected, data_with_network)
