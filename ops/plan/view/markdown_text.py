"""Pieces of GitHub's Markdown: what others wrote stands in code, where nothing is markup."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from components.errors import one_line

LONGEST = 300  # characters of one text


def code(text: str, longest: int = LONGEST) -> str:
    """A code span that ends where the text ends."""
    text = one_line(text, longest)
    if not text:
        return "*empty*"
    ticks = "`" * (_ticks(text) + 1)
    space = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def row(*cells: str) -> str:
    """A row of a table; a bar would end a cell even in code."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def in_comment(text: str) -> str:
    """Text inside an HTML comment, which it can't end: all but a name's signs are %XX."""
    return quote(one_line(text, LONGEST), safe="")


def size(text: str) -> int:
    """Bytes, of which there are never fewer than characters."""
    return len(text.encode("utf-8", "replace"))


def _ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


@dataclass(frozen=True)
class Part:
    """Lines between a head and a foot. The last may be left out; `name` is then told."""

    name: str
    head: str
    lines: Sequence[str]
    foot: str = ""

    def cut(self, room: int) -> tuple[str, int]:
        """(what fits, how many lines don't)."""
        room -= size(self.head) + size(self.foot) + 1
        kept = 0
        while kept < len(self.lines) and (room := room - size(self.lines[kept]) - 1) >= 0:
            kept += 1
        if not kept:
            return "", len(self.lines)
        return self.head + "".join(line + "\n" for line in self.lines[:kept]) + self.foot, len(self.lines) - kept


def table(name: str, heading: str, columns: Sequence[str], rows: Sequence[str]) -> Part:
    """`rows` are made by `row`."""
    return Part(name, f"{heading}\n\n{row(*columns)}\n{row(*('---' for _ in columns))}\n", rows)


def folded(name: str, summary: str, language: str, text: str, whole: bool = False) -> Part:
    """A text that opens on a click, in a fence longer than any in it; `whole`: all or nothing."""
    fence = "`" * max(3, _ticks(text) + 1)
    lines = [text.rstrip("\n")] if whole else text.splitlines()
    return Part(name, f"<details><summary>{summary}</summary>\n\n{fence}{language}\n", lines, f"{fence}\n\n</details>\n")


def fitted(first: str, parts: Sequence[Part], most: int) -> str:
    """`first` and of the parts what there is room for in `most` bytes, then what was left out."""
    made, left_out = [first], []
    room = most - size(first) - sum(len(part.name) + 40 for part in parts) - 40
    for part in parts:
        text, missing = part.cut(room)
        room -= size(text) + 1
        made.append(text)
        if missing:
            left_out.append(f"{missing} of {len(part.lines)} {part.name}" if len(part.lines) > 1 else part.name)
    note = f"Left out, because a comment has no room for it: {', '.join(left_out)}.\n" if left_out else ""
    return "\n".join(text for text in [*made, note] if text)
