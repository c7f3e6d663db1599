"""Amazon Web Services, as its Pulumi types and inputs say it."""

from collections.abc import Iterator

from policy.clouds.aws import databases, firewalls, servers, storage
from policy.clouds.aws.types import SCALING_GROUP
from policy.facts import DefaultTags, Facts
from policy.plan import Plan
from policy.values import decoded, mapping

_NO_DEFAULT_TAGS = frozenset({SCALING_GROUP})


def facts(plan: Plan) -> Facts:
    """What the plan's AWS resources mean."""
    return Facts(
        openings=tuple(firewalls.openings(plan)),
        disks=(*storage.disks(plan), *databases.disks(plan)),
        buckets=tuple(storage.buckets(plan)),
        databases=tuple(databases.databases(plan)),
        hosts=tuple(servers.hosts(plan)),
        entrances=tuple(plan.made(*servers.ENTRANCES)),
        images=tuple(servers.images(plan)),
        metadata=tuple(servers.metadata(plan)),
        user_data=tuple(servers.user_data(plan)),
        ties=tuple(storage.ties(plan)),
        default_tags=tuple(_default_tags(plan)),
    )


def _default_tags(plan: Plan) -> Iterator[DefaultTags]:
    for provider in plan.of("pulumi:providers:aws"):
        given = decoded(provider.inputs.get("defaultTags"))  # what isn't text travels as JSON
        if given is not None:
            yield DefaultTags(provider, mapping(given).get("tags", given), _NO_DEFAULT_TAGS)
