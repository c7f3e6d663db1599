"""Pages partly made from the code: from `<!-- NAME -->` to its end they are written, or checked."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path


def filled(page: str, name: str, content: str) -> str:
    """The page with `content` between the markers of that name; unchanged without them."""
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, found, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    return before + start + content + end + after if found and closed else page


def update(folder: Path, names: Iterable[str], page: Callable[[str], str], check: bool, stale_text: str) -> int:
    """Writes the files that `page` would change; with `check` only says so. Gives the exit code."""
    stale = []
    for path in (folder / name for name in names):
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if (new := page(old)) != old:
            stale.append(path.relative_to(folder).as_posix())
            if not check:
                path.write_text(new, encoding="utf-8")
    if stale and check:
        print(f"{', '.join(stale)}: {stale_text}", file=sys.stderr)
        return 1
    return 0


def cells(*texts: str) -> str:
    """One row of a Markdown table."""
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |\n"
