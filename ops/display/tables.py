"""What a person reads: consoles that never break the work behind them, tables, sizes, ages."""

import io
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from rich import filesize
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from cloud_init.host.base.masking import masked


class Tolerant:
    """A stream without secrets that falls silent when its reader goes away: `| head` must not end
    a rollout."""

    def __init__(self, stream: IO[str] | None) -> None:
        self._stream = stream or io.StringIO()
        self.gone = stream is None
        """Nobody reads any more."""
        self.why: str | None = None
        """What keeps it from being written (a full disk), but for a reader who went away."""

    def write(self, text: str) -> int:
        text = masked(text)
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            self._stream.write(text.encode("ascii", "replace").decode())
        except (OSError, ValueError) as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: OSError | ValueError) -> None:
        self._stream, self.gone = io.StringIO(), True
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            self.why = error.strerror

    def isatty(self) -> bool:
        with suppress(OSError, ValueError):
            return self._stream.isatty()
        return False

    @property
    def encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "utf-8"


def console(stderr: bool = False) -> Console:
    """Into a file or a pipe lines are not folded at 80 columns."""
    stream = Tolerant(sys.stderr if stderr else sys.stdout)
    width = None if stream.isatty() else int(os.environ.get("COLUMNS") or 160)
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)  # type: ignore[arg-type]


def line(text: RenderableType, stderr: bool = False) -> None:
    """One line, folded by the terminal alone; or a table or a tree."""
    console(stderr).print(text, soft_wrap=isinstance(text, str | Text))


def document(value: Any) -> None:
    """`--json`: one document and nothing else on standard output."""
    text(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def text(whole: str) -> str | None:
    """Writes what is laid out already. Gives why it isn't whole, unless the reader went away."""
    stream = Tolerant(sys.stdout)
    stream.write(whole)
    stream.flush()
    return stream.why


def table(columns: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> Table:
    """A table without lines; the words of a row fold inside their column, but for short names."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for at, column in enumerate(columns):
        made.add_column(column, overflow="fold", no_wrap=at == 0 and all(len(row[at]) <= 20 for row in rows))
    for row in rows:
        made.add_row(*(masked(cell) if isinstance(cell, str) else cell for cell in row))  # before it is folded
    return made


def size(value: float | None) -> str:
    """Bytes as a person says them; a dash when unknown."""
    return "-" if value is None else filesize.decimal(int(value))


def age(moment: float | None) -> str:
    """How long ago, of seconds since 1970; a dash when unknown."""
    return "-" if moment is None else duration(max(0.0, time.time() - moment))


def duration(value: float | None) -> str:
    """The largest unit that fits: `0.4 s`, `12 min`, `3 h`, `5 days`; a dash when unknown."""
    if value is None:
        return "-"
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if value >= 2 * length:
            return f"{value / length:.0f} {unit}"
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"
