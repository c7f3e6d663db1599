"""What holds data can't be lost: it is protected, and kept or copied where it is removed all the same.

Databases that the cloud runs, and disks and file systems that are resources of their own, must be `protect`. Unless it is
`retainOnDelete` too, a database must be locked by the cloud (deletion protection) and leave a final snapshot with a name, and a disk a
final snapshot. Copies of another database hold nothing of their own. Buckets aren't asked for: a cloud removes none that still holds
something. A stack that is to go with its data says so: `slipway:keepData: false`.
"""

from collections.abc import Iterator

from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan, Resource

_SETTING = "slipway:keepData"
IN_PACK = "`protect` alone is asked for: the engine doesn't tell what is retained."


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    if plan.settings.get(_SETTING) is False:
        return
    for database in facts.databases:
        if database.holds_data:
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
