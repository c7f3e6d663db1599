"""Writes what the rules say of themselves into docs/policy.md, at `<!-- rules -->`.

`python -m tools.pages.rules_table [--check]`; with --check nothing is written, and the exit code is
1 if the page is not current.
"""

import sys
from inspect import cleandoc
from pathlib import Path

from policy import check
from tools.pages import generated

FOLDER = Path(__file__).parents[2]
_HEAD = "| rule | what it wants | more |\n|---|---|---|\n"


def table() -> str:
    """All rules as a Markdown table, by their ids."""
    return _HEAD + "".join(generated.cells(f"`{id}`", *words(rule)) for id, rule in check.every().items())


def words(rule: check.Check) -> tuple[str, str]:
    """The first paragraph of a rule's docstring, and the rest of it."""
    first, _, rest = cleandoc(rule.__doc__ or "").partition("\n\n")
    return " ".join(first.split()), " ".join(rest.split())


def main(arguments: list[str]) -> int:
    """Writes or checks the page; gives the exit code."""
    stale = "the table of rules is not current; run: python -m tools.pages.rules_table"
    return generated.update(
        FOLDER, ["docs/policy.md"], lambda page: generated.filled(page, "rules", table()), "--check" in arguments, stale
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
