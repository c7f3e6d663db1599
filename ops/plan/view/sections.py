"""Parts of a text: a heading and what stands below it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.text import Text

from components.errors import one_line
from ops.plan.view.names import Names
from policy.findings import Finding


@dataclass(frozen=True)
class Section:
    """Nothing is shown of a section without lines."""

    heading: str
    lines: Sequence[RenderableType]

    def show(self, console: Console, first: bool = False) -> None:
        """Apart from what stands before it by an empty line."""
        if not first:
            console.print()
        if self.heading:
            console.print(Text(self.heading, "bold"))
        for line in self.lines:
            console.print(Padding(line, (0, 0, 0, 2)) if self.heading else line)


@dataclass(frozen=True)
class Flow:
    """Puts as many items on a line as fit; one that is wider than the line folds."""

    items: Sequence[Text]
    between: str = " · "

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        line = Text()
        for item in self.items:
            if line and line.cell_len + len(self.between) + item.cell_len > options.max_width:
                yield line
                line = Text()
            line = Text.assemble(line, (self.between if line else "", "dim"), item)
        yield line


def findings(found: Sequence[Finding], names: Names) -> Section:
    """Rules that aren't kept; those that were waived come last, dim, with their reason."""
    return Section("Rules", [_finding(one, names) for one in sorted(found, key=lambda one: bool(one.waived))])


def _finding(one: Finding, names: Names) -> Text:
    head = f"{one_line(one.rule)}: " + (f"{names.of(one.urn)}: " if one.urn else "")
    message = one_line(one.message, None)
    if one.waived:
        return Text(f"waived  {head}{message} (waived: {one_line(one.waived, None)})", "dim")
    return Text.assemble(("broken  ", "bold red"), (head, "bold"), message)
