"""What a change does, as a tree: warnings first."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from components.errors import one_line
from ops.display import changes
from ops.plan.document import Change, Comparison, PropertyChange, Warning
from ops.plan.view import values, words
from ops.plan.view.names import Names
from ops.plan.view.resources import heading, inputs
from ops.plan.view.sections import Section
from policy.plan import is_secret


def sections(comparison: Comparison, names: Names) -> list[Section]:
    """Warnings, settings, resources."""

    def above(urn: str) -> tuple[Text, str]:
        one = names.by_urn.get(urn)
        return (heading(one), one.parent) if one else (Text(names.of(urn), "bold"), "")

    shown = [_shown(change, names) for change in comparison.resources]
    settings = [line for one in comparison.settings for line in property_lines(one, names)]
    return [
        Section("", [Text(f"Compared with {one_line(comparison.base)}")]),
        Section("Warnings", [_warning(one, names) for one in comparison.warnings]),
        Section("Settings", settings),
        Section("Resources", [changes.tree(shown, above)] if shown else []),
    ]


def _shown(change: Change, names: Names) -> changes.Change:
    """With its inputs where it is new, else with what differs."""
    added = names.by_urn.get(change.urn) if change.op == "add" else None
    lines = inputs(added, names) if added else [line for one in change.properties for line in property_lines(one, names)]
    return changes.Change(change.op, change.urn, change.type, change.name, change.parent, lines)


def property_lines(one: PropertyChange, names: Names) -> Iterator[Text]:
    """`size: 8 -> 16  (replaces)`: a line for each place that differs."""
    return changes.property_lines(one.path, *_sides(one, names), words.replacing(one))


def differences(one: PropertyChange, names: Names) -> Iterator[tuple[str, str | None, str]]:
    """(path, old or None where there was nothing, new), down to the line of a long text."""
    return changes.differences(one.path, *_sides(one, names))


def _sides(one: PropertyChange, names: Names) -> tuple[Any, Any]:
    """Two secrets look alike, so the new one says that it differs."""
    if is_secret(one.old) and is_secret(one.new):
        return "[secret]", "[another secret]"
    return values.plain(one.old, names), values.plain(one.new, names)


def _warning(one: Warning, names: Names) -> Text:
    where = f"{names.of(one.urn)}: " if one.urn else ""
    return Text.assemble((f"! {one.kind}  ", "bold red"), (where, "bold"), one_line(one.message, None))
