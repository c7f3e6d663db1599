"""The files of a release: without what is ignored, links followed while they stay inside. Ignored
is what ignore files say, as git reads them, and a fixed list."""

import codecs
import fnmatch
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from components.errors import SlipwayError

MOST_BYTES = 500 * 10**6
MOST_FILES = 50_000
_ENOUGH = 4  # times as many files as may be: the walk goes no further
_LEAVE_OUT = "leave it out by .slipwayignore"
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
class Entry:
    """A file of a release: `path` in it, with `/` between its parts; `size` in bytes."""

    path: str
    source: Path
    executable: bool
    size: int


def files_of(folder: Path, kept: Sequence[str] = ()) -> tuple[Entry, ...]:
    """Sorted by path; `kept` is there whatever ignore files say.

    Raises `SlipwayError` for what can't be in a release, with what to do."""
    if not folder.is_dir():
        raise SlipwayError(f"slipway:app.path: wanted the app's folder, found no folder at {folder}")
    entries = sorted(_bounded(_Walk(folder, kept).entries()), key=lambda entry: entry.path)
    if not entries:
        raise SlipwayError(f"{folder}: wanted an app's files, found none that .gitignore and .slipwayignore leave")
    return tuple(entries)


class _Walk:
    def __init__(self, folder: Path, kept: Sequence[str]) -> None:
        self._root = os.path.realpath(folder)
        self._ignore = Ignore(Path(self._root), kept)

    def entries(self, path: str = "", way: tuple[str, ...] = ()) -> Iterator[Entry]:
        """Everything below the folder `path`; `way`: the real paths of the folders it is in."""
        place = os.path.join(self._root, path)
        real = self._inside(path) or ""
        if real in way:
            raise SlipwayError(f"{path}: wanted a link that doesn't lead back, found one to {real or '.'}, which it is in; {_LEAVE_OUT}")
        try:
            names = os.listdir(place)
        except OSError as error:
            raise SlipwayError(f"{place}: wanted a folder that can be read, found: {error.strerror}; {_LEAVE_OUT}") from None
        for name in names:
            yield from self._entry(os.path.join(path, name), os.path.join(real, name), (*way, real))

    def _entry(self, path: str, real: str, way: tuple[str, ...]) -> Iterator[Entry]:
        place = os.path.join(self._root, path)
        is_link, is_folder = os.path.islink(place), os.path.isdir(place)
        # A link to a folder is one, unlike in git: who ignores `build/` means such a link too.
        # Behind it the rules for where its files really are count as well.
        if any(self._ignore.names(one, is_folder) for one in {path, real}):
            return
        if path.encode(errors="ignore").decode() != path:
            raise SlipwayError(f"{os.fsencode(path)!r}: wanted a name in UTF-8, found other bytes; rename it, or {_LEAVE_OUT}")
        if is_link:
            self._check_link(path, is_folder)
        if is_folder:
            yield from self.entries(path, way)
        else:
            yield _file(path, Path(place))

    def _check_link(self, path: str, is_folder: bool) -> None:
        """A link must not bring in what is outside the folder, or left out of releases."""
        target, said = self._inside(path), os.readlink(os.path.join(self._root, path))
        wanted = f"{path}: wanted a link to something in the app's folder, found one to {said!r}"
        if target is None:
            raise SlipwayError(f"{wanted}, which is outside; {_LEAVE_OUT}")
        if not os.path.exists(os.path.join(self._root, target)):
            raise SlipwayError(f"{wanted}, which isn't there; {_LEAVE_OUT}")
        if target and self._ignore.covers(target, is_folder):
            raise SlipwayError(f"{wanted}, which is left out of releases; {_LEAVE_OUT}")

    def _inside(self, path: str) -> str | None:
        """The real path, relative to the app's folder, which is empty; None: outside."""
        relative = os.path.relpath(os.path.realpath(os.path.join(self._root, path)), self._root)
        return None if relative.split("/")[0] == ".." else "" if relative == "." else relative


def _file(path: str, source: Path) -> Entry:
    try:
        status = source.stat()
    except OSError as error:
        raise SlipwayError(f"{source}: wanted a file that can be read, found: {error.strerror}; {_LEAVE_OUT}") from None
    if not stat.S_ISREG(status.st_mode):
        raise SlipwayError(f"{path}: wanted a file or a folder, found a device, a socket or a pipe; {_LEAVE_OUT}")
    return Entry(path, source, bool(status.st_mode & stat.S_IXUSR), status.st_size)


def _bounded(entries: Iterable[Entry]) -> list[Entry]:
    """The walk ends early where the app's folder is, say, somebody's home."""
    kept = list(islice(entries, _ENOUGH * MOST_FILES + 1))
    size = sum(entry.size for entry in kept)
    if len(kept) > MOST_FILES or size > MOST_BYTES:
        sizes = Counter[str]()
        for entry in kept:
            top, below, _ = entry.path.partition("/")
            sizes[top + below] += entry.size
        found = f"{'more than ' * (len(kept) > _ENOUGH * MOST_FILES)}{len(kept):,} and {_megabytes(size)}"
        largest = ", ".join(f"{name} ({_megabytes(of)})" for name, of in sizes.most_common(3))
        wanted = f"the app's folder: wanted at most {MOST_FILES:,} files and {_megabytes(MOST_BYTES)}, found {found}; largest: {largest}"
        raise SlipwayError(f"{wanted}; leave out what the app doesn't need by .slipwayignore")
    return kept


def _megabytes(size: int) -> str:
    return f"{size / 10**6:,.1f} MB"


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
