"""A plan as a Mermaid flowchart: what runs where; an arrow points at what is needed first."""

import re
import string
from collections import Counter, defaultdict
from collections.abc import Iterator

from ops.display.changes import MARKS, type_of
from ops.plan.document import Document
from ops.plan.formats import Paper
from ops.plan.view import words
from ops.plan.view.words import Names, name_of
from policy.plan import Resource

MOST_TEXT, MOST_EDGES = 50_000, 500
"""Mermaid draws no more than that."""

_MOST_NODES = 100  # more are no picture any more
_DATA = re.compile(
    r"(.*\.)?(Bucket(V2)?|Database(Instance)?|Volume|Disk|FileSystem|Table|DbInstance|DBInstance)"
    r"|(rds|sql|docdb|neptune|redis|elasticache|memorydb|polardb|kvstore)\.(.*Instance|Cluster|ReplicationGroup)"
)
_CLASSES = {
    "component": "fill:transparent,stroke:#8c959f",
    "protected": "stroke:#0969da,stroke-width:3px",
    "add": "fill:#dafbe1,stroke:#1a7f37,color:#1f2328",
    "alter": "fill:#fff8c5,stroke:#9a6700,color:#1f2328",
    "replace": "fill:#fbefff,stroke:#8250df,color:#1f2328,stroke-width:3px",
    "may-replace": "fill:#fbefff,stroke:#8250df,color:#1f2328,stroke-dasharray:5 3",
    "remove": "fill:#ffebe9,stroke:#cf222e,color:#1f2328,stroke-dasharray:5 3",
}
_LONGEST = 40  # characters of one line of a label
# Some versions read a label as HTML, as Markdown and as a formula, after Mermaid's codes (`#34;`)
# were decoded: what is a sign in any of them is shown as the wide one that looks alike.
_WIDE = {sign: chr(ord(sign) + 0xFEE0) for sign in string.punctuation if sign not in "_.,+-/()"}
_ALIKE = str.maketrans({**_WIDE, "ﬂ": "fl", "°": "º", "¶": "P"})  # Mermaid's marks last
_UNDERLINE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_LIST_OR_LINK = re.compile(r"^(?=\s*[-+\d])|(?<=www)(?=\.)", re.IGNORECASE)


def render(document: Document, paper: Paper) -> str:
    """Every resource, unless there is too much for a picture."""
    drawing = _Drawing(document)
    text = drawing.text() if drawing.count <= _MOST_NODES else ""
    if text and len(text) <= MOST_TEXT and text.count(" --> ") <= MOST_EDGES:
        return text
    there = sum(one.kind == "resource" for one in document.plan.resources)
    return f'flowchart LR\n  n1["{there} resources, too many for a picture"]\n'


class _Drawing:
    """All that is shown, by what it is in; attachments count in their owners' labels, but for those
    that a comparison speaks of."""

    def __init__(self, document: Document) -> None:
        plan, changes = document.plan, document.comparison.resources if document.comparison else ()
        self._ops = {one.urn: one.op for one in changes}
        self._needs = words.needs(plan)
        self._owners = words.attachments(Names(plan), self._needs, self._ops)
        self._folded: dict[str, Counter[str]] = defaultdict(Counter)
        for one in plan.resources:
            if one.urn in self._owners:
                self._folded[self._owners[one.urn]][type_of(one.type)] += 1
        gone = [Resource(urn=one.urn, type=one.type, name=one.name, parent=one.parent) for one in changes if one.op == "remove"]
        shown = {one.urn: one for one in (*plan.resources, *gone) if one.urn not in self._owners and one.kind != "provider"}
        parents = {one.parent for one in shown.values()}
        kept = tuple(one for one in shown.values() if one.kind != "component" or one.urn in parents)
        self._inside = Names(plan.model_copy(update={"resources": kept})).children
        self.count = len(kept)
        self._ways: dict[str, tuple[str, ...]] = {}
        """By URN the short ids of what it is in, its own last."""
        self._classes: dict[str, list[str]] = {name: [] for name in _CLASSES}

    def text(self) -> str:
        """Ends with a line's end."""
        lines = ["flowchart LR", *self._drawn("", ()), *self._arrows()]
        for name, ids in self._classes.items():
            if ids:
                lines += [f"  classDef {name} {_CLASSES[name]}", f"  class {','.join(ids)} {name}"]
        return "\n".join(lines) + "\n"

    def _drawn(self, urn: str, way: tuple[str, ...]) -> Iterator[str]:
        indent = "  " * (len(way) + 1)
        for one in self._inside[urn]:
            name = f"n{len(self._ways) + 1}"
            self._ways[one.urn] = (*way, name)
            if one.urn in self._inside:
                self._classes["component"].append(name)
                # without a direction of its own Mermaid turns a subgraph by 90 degrees
                yield f'{indent}subgraph {name}["{coded(name_of(one))} ({coded(type_of(one.type))})"]\n{indent}  direction LR'
                yield from self._drawn(one.urn, (*way, name))
                yield f"{indent}end"
            else:
                for each in filter(None, (self._ops.get(one.urn), "protected" * one.protect)):
                    self._classes[each].append(name)
                label = "<br/>".join(coded(line) for line in self._lines(one))
                yield f'{indent}{name}[("{label}")]' if _DATA.fullmatch(type_of(one.type)) else f'{indent}{name}["{label}"]'

    def _lines(self, one: Resource) -> Iterator[str]:
        yield from (name_of(one), type_of(one.type))
        if op := self._ops.get(one.urn):
            yield f"{MARKS[op][0]} {op}"
        if marks := [flag for flag in ("protected", "retained", "only read") if flag in words.flags(one)]:
            yield ", ".join(marks)
        for kind, number in self._folded[one.urn].most_common():
            yield f"+ {number} {kind.removeprefix(type_of(one.type).rpartition('.')[0] + '.')}"

    def _arrows(self) -> list[str]:
        """What an attachment needs, its owner does; none leads to what it is in, or to itself."""
        wanted: dict[str, list[str]] = defaultdict(list)
        for urn, first in self._needs.items():
            one = self._ways.get(self._owners.get(urn, urn), ())
            for other in (self._ways.get(self._owners.get(need, need), ()) for need in first):
                if one and other and one[-1] not in other and other[-1] not in one:
                    wanted[one[-1]].append(other[-1])
        return [f"  {one} --> {other}" for one, others in words.reduced(wanted).items() for other in others]


def coded(text: str) -> str:
    """One line of a label, shortened; only text, whatever it holds: a space without width, or a
    sign that looks alike, keeps it from being markup."""
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return _LIST_OR_LINK.sub("\u200b", _UNDERLINE.sub("\uff3f", short.translate(_ALIKE)))
