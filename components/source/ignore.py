"""What is never part of a release: what ignore files say, as git reads them, and a fixed list."""

import codecs
import fnmatch
import os
import re
from collections.abc import Sequence
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


@dataclass(frozen=True)
class _Rule:
    """A line of an ignore file. It knows paths by what follows their first `cut` characters."""

    pattern: GitIgnoreSpecPattern
    folders_only: bool
    cut: int

    def names(self, path: str, is_folder: bool) -> bool:
        if self.folders_only and not is_folder:
            return False
        found = self.pattern.match_file(os.fsencode(path[self.cut :]))  # to git `?` is one byte, and so half of an é
        return found is not None and not found.match.groupdict().get("ps_d")  # with that, a folder above is what it names


class Ignore:
    """The rules for one app's folder, with every .gitignore up to its repository's root; they don't
    leave out what is in `kept`, paths in that folder."""

    def __init__(self, folder: Path, kept: Sequence[str] = ()) -> None:
        self._kept = [os.path.normpath(path) for path in kept]
        self._folder = Path(os.path.abspath(folder))
        self._top = next((one for one in (self._folder, *self._folder.parents) if os.path.lexists(one / ".git")), self._folder)
        self._way = "".join(f"{part}/" for part in self._folder.relative_to(self._top).parts)
        self._in_force: dict[str, list[_Rule]] = {}

    def names(self, path: str, is_folder: bool) -> bool:
        """Whether `path`, in the app's folder, is left out itself, not for a folder above it."""
        if _NEVER.match(path.rpartition("/")[2]):
            return True
        if is_folder and os.path.isfile(self._folder / path / "pyvenv.cfg"):
            return True
        if any(f"{path}/".startswith(f"{one}/") for one in self._kept):
            return False
        leads = {level for one in self._kept for level in _levels(os.path.dirname(one))}
        if is_folder and path in leads:
            return False
        above = [level for level in _levels(os.path.dirname(path)) if level and level in leads]
        return self._is_ignored(path, is_folder) or any(self._is_ignored(level, True) for level in above)

    def covers(self, path: str, is_folder: bool) -> bool:
        """Whether it is left out, or a folder that it is in."""
        return self.names(path, is_folder) or any(self.names(level, True) for level in _levels(os.path.dirname(path)) if level)

    def _is_ignored(self, path: str, is_folder: bool) -> bool:
        """Whether ignore files say so of the path itself: the first rule that names it decides."""
        rules = self._rules(path.rpartition("/")[0])
        return next((bool(rule.pattern.include) for rule in rules if rule.names(self._way + path, is_folder)), False)

    def _rules(self, parent: str) -> list[_Rule]:
        """.slipwayignore before .gitignore, the nearest file first, in a file the last line."""
        if parent not in self._in_force:
            levels = _levels(f"{self._way}{parent}".rstrip("/"))
            inside = levels[: len(_levels(parent))]
            files = [*((level, ".slipwayignore") for level in inside), *((level, ".gitignore") for level in levels)]
            self._in_force[parent] = [rule for level, file in files for rule in _read(self._top / level / file, len(level) + bool(level))]
        return self._in_force[parent]


def _levels(parent: str) -> list[str]:
    """`a/b`, `a`, and the folder that these are in, which is the empty text."""
    parts = parent.split("/") if parent else []
    return ["/".join(parts[:length]) for length in range(len(parts), -1, -1)]


def _read(path: Path, cut: int) -> list[_Rule]:
    """The last line first; of a file that is there and no link, as git has it."""
    if not os.path.isfile(path) or path.is_symlink():
        return []
    try:
        lines = path.read_bytes().removeprefix(codecs.BOM_UTF8).split(b"\n")
    except OSError as error:
        raise SlipwayError(f"{path}: wanted a file that can be read, found: {error.strerror}") from None
    rules = []
    for line in (re.sub(rb"(?<!\\) +$", b"", line.removesuffix(b"\r")) for line in reversed(lines)):
        with suppress(ValueError, re.error):
            pattern = GitIgnoreSpecPattern(line.removesuffix(b"/"))
            if pattern.include is not None:  # else the line names nothing
                rules.append(_Rule(pattern, line.endswith(b"/"), cut))
    return rules
