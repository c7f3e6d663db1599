"""A plan as a Mermaid flowchart: what runs where; an arrow points at what is needed first."""

import re
from collections.abc import Iterator

from ops.display.changes import MARKS, type_of
from ops.plan.document import Document
from ops.plan.formats import Paper
from ops.plan.view import words
from ops.plan.view.graph import Graph, drawn
from ops.plan.view.words import name_of
from policy.plan import Resource

MOST_TEXT, MOST_EDGES = 50_000, 500
"""Mermaid draws no more than that."""

_MOST_NODES = 100  # more are no picture any more
_KINDS = 5  # types that one label counts
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
_GAP = "\u200b"
_ALIKE = str.maketrans({"*": "\u2217", "`": "\u02cb", "~": "\u223c"})
_UNDERLINE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_MARKS = re.compile(r"[\\<&$@!\[\]#:ﬂ°¶](?!\s)|(?<=www)(?=\.)")
_START = re.compile(r"^(?=\s*[-+#>=|~\d])")
# What stands for itself: letters, digits, some signs, and what isn't ASCII.
_CODED = re.compile(r"[^\w .,+/()\-\u00a0-\U0010ffff]|[_°¶]")


def render(document: Document, paper: Paper) -> str:
    """Every resource, unless there is too much for a picture."""
    graph = drawn(document)
    if len(graph.edges) <= MOST_EDGES and sum(map(len, graph.tree.values())) <= _MOST_NODES:
        text = _Drawing(document, graph).text()
        if len(text) <= MOST_TEXT:
            return text
    there = sum(one.kind == "resource" for one in document.plan.resources)
    return f'flowchart LR\n  n1["{there} resources, too many for a picture"]\n'


class _Drawing:
    """One graph, with the short ids of its nodes and the classes that they have."""

    def __init__(self, document: Document, graph: Graph) -> None:
        self._graph = graph
        drawn = [one.urn for inside in graph.tree.values() for one in inside]
        self._ids = {urn: f"n{number}" for number, urn in enumerate(drawn, 1)}
        self._ops = {change.urn: change.op for change in document.comparison.resources} if document.comparison else {}
        self._classes: dict[str, list[str]] = {name: [] for name in _CLASSES}

    def text(self) -> str:
        """Ends with a line's end."""
        lines = ["flowchart LR", *self._inside("", "  ")]
        lines += [f"  {self._ids[one]} --> {self._ids[other]}" for one, other in self._graph.edges]
        for name, ids in self._classes.items():
            if ids:
                lines += [f"  classDef {name} {_CLASSES[name]}", f"  class {','.join(ids)} {name}"]
        return "\n".join(lines) + "\n"

    def _inside(self, urn: str, indent: str) -> Iterator[str]:
        for one in self._graph.tree.get(urn, ()):
            name = self._ids[one.urn]
            if self._graph.tree.get(one.urn):
                self._classes["component"].append(name)
                # without a direction of its own Mermaid turns a subgraph by 90 degrees
                yield f'{indent}subgraph {name}["{coded(name_of(one))} ({coded(type_of(one.type))})"]'
                yield f"{indent}  direction LR"
                yield from self._inside(one.urn, indent + "  ")
                yield f"{indent}end"
            else:
                yield indent + self._node(name, one)

    def _node(self, name: str, one: Resource) -> str:
        op = self._ops.get(one.urn)
        for each in (op, "protected" if one.protect else None):
            if each:
                self._classes[each].append(name)
        label = "<br/>".join(coded(line) for line in self._lines(one))
        return f'{name}[("{label}")]' if _DATA.fullmatch(type_of(one.type)) else f'{name}["{label}"]'

    def _lines(self, one: Resource) -> Iterator[str]:
        yield name_of(one)
        yield type_of(one.type)
        if op := self._ops.get(one.urn):
            yield f"{MARKS[op][0]} {op}"
        if marks := [flag for flag in ("protected", "retained", "only read") if flag in words.flags(one)]:
            yield ", ".join(marks)
        counts = self._graph.folded.get(one.urn)
        for kind, number in counts.most_common(_KINDS) if counts else ():
            yield f"+ {number} {kind.removeprefix(type_of(one.type).rpartition('.')[0] + '.')}"
        if counts and len(counts) > _KINDS:
            yield f"+ {sum(counts.values()) - sum(number for _, number in counts.most_common(_KINDS))} more"


def coded(text: str) -> str:
    """One line of a label, shortened; only text, whatever it holds.

    Codes (`#34;`) keep it from being Mermaid. But some versions read the text once more after that,
    as Markdown, as a formula, for symbols' names and for written ends of lines; a space without
    width inside those marks, or a sign that looks the same, stops that."""
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    short = _UNDERLINE.sub("\uff3f", short.translate(_ALIKE))
    short = _START.sub(_GAP, _MARKS.sub(rf"\g<0>{_GAP}", short))
    return _CODED.sub(lambda found: f"#{ord(found[0])};", short)
