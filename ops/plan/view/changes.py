"""What a change does, as a tree: warnings first."""

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.text import Text
from rich.tree import Tree

from components.settings.found import one_line
from ops.display import places
from ops.plan.document import Change, Comparison, PropertyChange, Warning
from ops.plan.view import values, words
from ops.plan.view.names import Names, type_of
from ops.plan.view.resources import heading, inputs
from ops.plan.view.sections import Section
from policy.plan import is_secret

_LONGEST = 70  # characters: old and new fit a wide line
_MOST = 12  # lines for one property


def sections(comparison: Comparison, names: Names) -> list[Section]:
    """Warnings, settings, resources."""
    warnings = [_warning(one, names) for one in comparison.warnings]
    settings = [line for one in comparison.settings for line in property_lines(one, names)]
    return [
        Section("", [Text(f"Compared with {one_line(comparison.base)}")]),
        Section("Warnings", warnings),
        Section("Settings", settings),
        Section("Resources", [_tree(comparison, names)] if comparison.resources else []),
    ]


def property_lines(one: PropertyChange, names: Names) -> Iterator[Text]:
    """`size: 8 -> 16  (replaces)`: a line for each place that differs."""
    found = list(differences(one, names))
    mark = f"  ({words.replacing(one)})" if words.replacing(one) else ""
    for path, old, new in found[:_MOST]:
        before = Text.assemble((old, "red"), (" -> ", "dim")) if old is not None else ""
        yield Text.assemble((f"{path}: ", "dim"), before, (new, "green"), (mark, "magenta"))
    if len(found) > _MOST:
        yield Text(f"… {len(found) - _MOST} more places in {one_line(one.path)}", "dim")


def differences(one: PropertyChange, names: Names) -> Iterator[tuple[str, str | None, str]]:
    """(path, old or None where there was nothing, new), down to the line of a long text."""
    sides = _sides(one, names)
    found = list(places.differing(one.path, *sides))
    if not found:
        # Shown alike though it differs: an output of what is replaced, a look-up with other arguments.
        yield one_line(one.path, _LONGEST), _side(sides[0]), "another one"
    for place in found:
        before = None if place.old is None else _side(place.old)
        yield one_line(str(place), _LONGEST), before, "nothing" if place.new is None else _side(place.new)


def _sides(one: PropertyChange, names: Names) -> tuple[Any, Any]:
    """Two secrets look alike, so the new one says that it differs."""
    if is_secret(one.old) and is_secret(one.new):
        return "[secret]", "[another secret]"
    return values.plain(one.old, names), values.plain(one.new, names)


def _side(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return one_line(" ".join(text.split()), _LONGEST) if text.strip() else json.dumps(text)


def _warning(one: Warning, names: Names) -> Text:
    where = f"{names.of(one.urn)}: " if one.urn else ""
    return Text.assemble((f"! {one.kind}  ", "bold red"), (where, "bold"), one_line(one.message, None))


def _tree(comparison: Comparison, names: Names) -> Tree:
    """Unchanged components stand where something below them changes. What becomes a resource of another kind goes and comes."""
    root = Tree("", hide_root=True)
    changed = {change.urn: change for change in comparison.resources}
    branches: dict[str, Tree] = {"": root}

    def branch(urn: str) -> Tree:
        if urn not in branches:
            branches[urn] = root  # in a plan that was saved two may say that they are in each other
            change, one = changed.get(urn), names.by_urn.get(urn)
            parent = change.parent if change else one.parent if one else ""
            branches[urn] = branch(parent).add(_label(change, names) if change else _unchanged(urn, names))
        return branches[urn]

    for change in comparison.resources:
        if change is changed[change.urn]:
            branch(change.urn)
        else:
            branch(change.parent).add(_label(change, names))
    return root


def _unchanged(urn: str, names: Names) -> Text:
    return heading(names.by_urn[urn]) if urn in names.by_urn else Text(names.of(urn), "bold")


def _label(change: Change, names: Names) -> Group:
    colour = words.COLOURS[change.op]
    head = Text.assemble(
        (f"{words.SIGNS[change.op]} ", f"bold {colour}"), (one_line(change.name), "bold"), (f"  {type_of(change.type)}", "cyan")
    )
    head.append({"replace": "  replaced", "may-replace": "  may be replaced", "remove": "  removed"}.get(change.op, ""), colour)
    one = names.by_urn.get(change.urn) if change.op == "add" else None
    lines = inputs(one, names) if one else [line for each in change.properties for line in property_lines(each, names)]
    return Group(head, *(Padding(line, (0, 0, 0, 4)) for line in lines))
