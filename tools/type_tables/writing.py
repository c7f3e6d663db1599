"""A table as a file: one type to a line, sorted, so that a change of it reads well."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from policy import resource_types
from tools.type_tables.verdict import Verdict, paths


@dataclass(frozen=True)
class Entry:
    """One type."""

    inputs: Mapping[str, Verdict]
    tags: str | None = None


def write(provider: str, source: str, entries: Mapping[str, Entry]) -> None:
    """Writes policy/resource_types/PROVIDER.json."""
    (resource_types.FOLDER / f"{provider}.json").write_text(text(source, entries), encoding="utf-8")


def text(source: str, entries: Mapping[str, Entry]) -> str:
    """The file's text."""
    lines = ",\n".join(f"{json.dumps(token)}: {json.dumps(_line(entries[token]))}" for token in sorted(entries))
    return f'{{"source": {json.dumps(source)},\n"types": {{\n{lines}\n}}}}\n'


def _line(entry: Entry) -> dict[str, object]:
    found = paths(entry.inputs)
    unknown = {"unknown": sorted(found.unknown)} if found.unknown else {}
    return {"replaces": sorted(found.replaces), **unknown, "tags": entry.tags}
