"""What warnings are given: both plans, what they mean, and what changes between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ops.plan.document import Change, Op
from policy import clouds
from policy.facts import Facts
from policy.plan import Plan, Resource

_OWN_HOST = "pulumi-python:dynamic/slipway:Host"


@dataclass(frozen=True)
class Context:
    """A change from `old` to `new`."""

    old: Plan
    new: Plan
    changes: tuple[Change, ...]

    @cached_property
    def before(self) -> Facts:
        """What the old plan means."""
        return clouds.gather(self.old)

    @cached_property
    def after(self) -> Facts:
        """What the new plan means."""
        return clouds.gather(self.new)

    @cached_property
    def olds(self) -> dict[str, Resource]:
        """The old resources by URN."""
        return {one.urn: one for one in self.old.resources}

    @cached_property
    def news(self) -> dict[str, Resource]:
        """The new resources by URN."""
        return {one.urn: one for one in self.new.resources}

    @cached_property
    def roles(self) -> dict[str, str]:
        """By URN, in words, what serves or holds data; if a cloud has no file, the protected."""
        found = {one.urn: "kept data" for one in self.old.resources if (one.protect or one.retain) and one.kind == "resource"}
        found |= {one.urn: "a host" for one in self.old.of(_OWN_HOST)}
        found |= {one.urn: "an entrance" for one in self.before.entrances}
        found |= {one.at.urn: "a server" for one in self.before.hosts}
        found |= {one.at.urn: "a disk with data" for one in self.before.disks if one.apart}
        found |= {one.at.urn: "a bucket" for one in self.before.buckets}
        return found | {one.at.urn: "a database" for one in self.before.databases}

    def changed(self, *ops: Op) -> Iterator[Change]:
        """The changes of these kinds."""
        return (one for one in self.changes if one.op in ops)
