"""Rules for what servers start from, and what they may ask of their cloud."""

from collections.abc import Iterator

from policy.facts import Facts, Problem
from policy.plan import Plan


def images_pinned(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """A new image never replaces a server that runs: what names its image is in `ignoreChanges`.

    Images are mostly looked up ("the latest"), and the answer changes by itself. So for launch
    templates, but where a group starts servers from the newest version: none is replaced there."""
    for image in facts.images:
        if not {image.input, "*"}.intersection(image.at.ignore_changes):
            yield Problem(image.at, f"wanted servers that keep their image, found {image.input} followed; add it to ignore_changes")


def metadata_v2(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """The metadata service answers only who brings a token, one network hop away.

    More hops let what runs in containers, or behind a proxy that can be tricked, ask for the host's
    credentials."""
    for one in facts.metadata:
        if one.token_wanted is False:
            yield Problem(one.at, "wanted a metadata service that asks for a token, found none required; require it")
        if one.hops is not None and one.hops != 1:
            found = one.hops or "no limit set"
            yield Problem(one.at, f"wanted answers of the metadata service to go 1 hop, found {found}; set the hop limit to 1")


def user_data_limit(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """What a server is given for its first start is within the cloud's limit, in bytes before
    base64."""
    for one in facts.user_data:
        if one.size is not None and one.size > one.limit:
            found = f"{one.size:,} in {one.input}; compress it, or let the host fetch the rest"
            yield Problem(one.at, f"wanted at most {one.limit:,} bytes of user data, found {found}")


def containers_confined(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """No container may do to its machine what the machine's root may.

    None is privileged, shares the machine's network, processes or users, has capabilities added
    (but for ports below 1024) or the engine's socket."""
    for one in facts.freedoms:
        yield Problem(one.at, f"wanted a container confined to itself, found {one.what}; leave it out")


RULES = (containers_confined, images_pinned, metadata_v2, user_data_limit)
