"""Which inputs replace a resource when they change, and where its tags are: generated tables, a
file for each provider.

`python -m tools.type_tables` makes them; what a file was made from stands in its `source`."""

from functools import cache
from pathlib import Path

from policy.plan import Strict

FOLDER = Path(__file__).parent


class ResourceType(Strict):
    """A path such as `ebsBlockDevices[].encrypted` goes down into mappings and lists, and stands
    for all that is below it."""

    replaces: frozenset[str]
    """`networkInterfaces#`: not what is in them, but their number, or that it comes or goes."""
    unknown: frozenset[str] = frozenset()
    """Nobody says whether these replace, but for what is in `replaces`."""
    tags: str | None = None
    """The input that holds tags: `tags`, `labels`, `settings.userLabels`. A list in some types."""


class Table(Strict):
    """One file."""

    source: str
    types: dict[str, ResourceType]


def find(type: str) -> ResourceType | None:
    """What is known of a type such as `aws:ec2/instance:Instance`."""
    return _types(type.partition(":")[0]).get(type)


def tags(type: str) -> str | None:
    """The name of the input that holds its tags; None where it has none or isn't known."""
    known = find(type)
    return known.tags if known else None


def providers() -> list[str]:
    """Which tables there are."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def _types(provider: str) -> dict[str, ResourceType]:
    """Plans may name any provider, so its file is looked for rather than opened."""
    if provider not in providers():
        return {}
    return Table.model_validate_json((FOLDER / f"{provider}.json").read_bytes()).types
