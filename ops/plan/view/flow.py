"""Short texts in a row that break between them, not inside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions
from rich.text import Text


@dataclass(frozen=True)
class Flow:
    """As many items on a line as fit; one that is wider than the line folds."""

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
