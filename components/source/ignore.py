"""What is never part of a release: what ignore files say, as git reads them, and a fixed list."""

import codecs
import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from components.errors import SlipwayError

NEVER = {
    "secrets": (".env*",),
    "databases and their dumps": (
        *("*.sqlite*", "*.db-journal", "*.db-wal", "*.db-shm"),
        *("*.dump", "*.sql.gz", "*.sql.bz2", "*.sql.xz", "*.sql.zst"),
    ),
    "environments and packages of this machine": (".venv", "node_modules", ".tox", ".nox"),
    "what Python and its tools write": (
        *("__pycache__", "*.pyc", "*.pyo", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"),
        *(".coverage", ".coverage.*", "htmlcov", ".ipynb_checkpoints"),
    ),
    "version control, editors, systems": (".git", ".hg", ".svn", ".idea", ".vscode", "*.swp", "*~", ".DS_Store"),
    "Slipway and Pulumi": (".slipway", "Pulumi.yaml", "Pulumi.*.yaml"),
}
"""Patterns of names by reason, which no ignore file brings back. So is a folder with a
`pyvenv.cfg`."""

_NEVER = re.compile("|".join(fnmatch.translate(pattern) for group in NEVER.values() for pattern in group))

_Pattern = tuple[GitIgnoreSpecPattern, bool]
"""A line of an ignore file, and whether it names folders alone."""


@dataclass(frozen=True)
class _Rules:
    """The patterns of one ignore file, last one first. A path in the app's folder becomes one that
    they know without its first `cut` characters, after `prefix`."""

    patterns: tuple[_Pattern, ...]
    cut: int = 0
    prefix: str = ""

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Left out (True), brought back (False), or not named here."""
        relative = os.fsencode(self.prefix + path[self.cut :])  # to git `?` is one byte, and so half of an é
        for pattern, folders_only in self.patterns:
            found = pattern.match_file(relative) if is_folder or not folders_only else None
            if found and not found.match.groupdict().get("ps_d"):  # with that, a folder above is what it names
                return pattern.include
        return None


class Ignore:
    """The rules for one app's folder, with every .gitignore up to its repository's root; they don't
    leave out what is in `kept`, paths in that folder."""

    def __init__(self, folder: Path, kept: Sequence[str] = ()) -> None:
        self._kept = [os.path.normpath(path) for path in kept]
        self._folder = os.path.abspath(folder)
        self._above = list(_above(self._folder))
        self._in_force: dict[str, list[_Rules]] = {}

    def names(self, path: str, is_folder: bool) -> bool:
        """Whether `path`, in the app's folder, is left out itself, not for a folder above it."""
        if _NEVER.match(path.rpartition("/")[2]):
            return True
        if is_folder and os.path.isfile(os.path.join(self._folder, path, "pyvenv.cfg")):
            return True
        if any(f"{path}/".startswith(f"{one}/") for one in self._kept):
            return False
        leads = {level for one in self._kept for level in _levels(os.path.dirname(one))}
        if is_folder and path in leads:
            return False
        above = [level for level in _levels(os.path.dirname(path)) if level and level in leads]
        return self._is_ignored(path, is_folder) or any(self._is_ignored(level, True) for level in above)

    def _is_ignored(self, path: str, is_folder: bool) -> bool:
        """Whether ignore files say so of the path itself."""
        verdicts = (rules.verdict(path, is_folder) for rules in self._rules(path.rpartition("/")[0]))
        return next((verdict for verdict in verdicts if verdict is not None), False)

    def covers(self, path: str, is_folder: bool) -> bool:
        """Whether it is left out, or a folder that it is in."""
        parts = path.split("/")
        folders = ("/".join(parts[:length]) for length in range(1, len(parts)))
        return any(self.names(folder, True) for folder in folders) or self.names(path, is_folder)

    def _rules(self, parent: str) -> list[_Rules]:
        """The first one decides: .slipwayignore before .gitignore, the nearest file first."""
        if parent not in self._in_force:
            levels = _levels(parent)
            here = [self._read(level, file) for file in (".slipwayignore", ".gitignore") for level in levels]
            self._in_force[parent] = [rules for rules in (*here, *self._above) if rules.patterns]
        return self._in_force[parent]

    def _read(self, level: str, file: str) -> _Rules:
        return _Rules(_patterns(os.path.join(self._folder, level, file)), len(level) + 1 if level else 0)


def _levels(parent: str) -> list[str]:
    """`a/b`, `a`, and the app's folder itself, which is the empty text."""
    parts = parent.split("/") if parent else []
    return ["/".join(parts[:length]) for length in range(len(parts), -1, -1)]


def _above(folder: str) -> Iterator[_Rules]:
    """The .gitignore files from above the app's folder to its repository's root."""
    parents = [folder, *(str(parent) for parent in Path(folder).parents)]
    root = next((number for number, parent in enumerate(parents) if os.path.lexists(os.path.join(parent, ".git"))), 0)
    for parent in parents[1 : root + 1]:
        prefix = os.path.relpath(folder, parent).replace(os.sep, "/") + "/"
        yield _Rules(_patterns(os.path.join(parent, ".gitignore")), prefix=prefix)


def _patterns(path: str) -> tuple[_Pattern, ...]:
    """Last one first; of a file that is there and no link, as git has it."""
    if not os.path.isfile(path) or os.path.islink(path):
        return ()
    try:
        lines = Path(path).read_bytes().removeprefix(codecs.BOM_UTF8).split(b"\n")
    except OSError as error:
        raise SlipwayError(f"{path}: wanted a file that can be read, found: {error.strerror}") from None
    return tuple(one for line in reversed(lines) if (one := _pattern(line.removesuffix(b"\r"))))


def _pattern(line: bytes) -> _Pattern | None:
    """None for a line that names nothing."""
    line = re.sub(rb"(?<!\\) +$", b"", line)
    with suppress(ValueError, re.error):
        pattern = GitIgnoreSpecPattern(line.removesuffix(b"/"))
        if pattern.include is not None:
            return pattern, line.endswith(b"/")
    return None
