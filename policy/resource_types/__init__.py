"""Which inputs replace a resource when they change, and where its tags are: generated tables, a file for each provider.

`python -m tools.type_tables` makes them; what a file was made from stands in its `source`.
"""

from functools import cache
from pathlib import Path

from policy.plan import Strict

FOLDER = Path(__file__).parent


class ResourceType(Strict):
    """A path such as `ebsBlockDevices[].encrypted` goes down into mappings and lists, and stands for all that is below it."""

    replaces: frozenset[str]
    """`networkInterfaces#`: not what is in them, but their number, or that the input appears or goes."""
    unknown: frozenset[str] = frozenset()
    """Of these nobody says whether they replace, but for what is in `replaces`."""
    tags: str | None = None
    """The input that holds tags, where it has one: `tags`, `labels`, `settings.userLabels`. A mapping in most types, a list in some."""


class Table(Strict):
    """One file."""

    source: str
    types: dict[str, ResourceType]


def replaces(type: str) -> frozenset[str] | None:
    """The paths of the inputs whose change replaces a resource of this type; None where it isn't known."""
    found = find(type)
    return found.replaces if found else None


def tags(type: str) -> str | None:
    """The name of the input that holds its tags; None where it has none, or the type isn't known."""
    found = find(type)
    return found.tags if found else None


def missing(types: list[str]) -> list[str]:
    """Those that no table knows, for a test over all that targets use."""
    return sorted({type for type in types if find(type) is None})


def find(type: str) -> ResourceType | None:
    """What is known of a type such as `aws:ec2/instance:Instance`."""
    table = _table(type.partition(":")[0])
    return table.types.get(type) if table else None


def providers() -> list[str]:
    """Which tables there are."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def _table(provider: str) -> Table | None:
    """One provider's file; plans from elsewhere may name anything, so a name is looked for rather than opened."""
    if provider not in providers():
        return None
    return Table.model_validate_json((FOLDER / f"{provider}.json").read_bytes())
