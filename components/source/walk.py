"""The files of a release: without what is ignored, links followed while they stay inside."""

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from components.errors import SlipwayError
from components.source.ignore import Ignore

MOST_BYTES = 500 * 10**6
MOST_FILES = 50_000
_ENOUGH = 4  # times as many files as may be: the walk goes no further
_LEAVE_OUT = "leave it out by .slipwayignore"


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
        kinds = {stat.S_IFSOCK: "socket", stat.S_IFIFO: "named pipe", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
        found = kinds.get(stat.S_IFMT(status.st_mode), "special file")
        raise SlipwayError(f"{path}: wanted a file or a folder, found a {found}; {_LEAVE_OUT}")
    return Entry(path, source, bool(status.st_mode & stat.S_IXUSR), status.st_size)


def _bounded(entries: Iterable[Entry]) -> list[Entry]:
    """The walk ends early where the app's folder is, say, somebody's home."""
    kept = list(islice(entries, _ENOUGH * MOST_FILES + 1))
    size = sum(entry.size for entry in kept)
    if len(kept) > MOST_FILES:
        raise _too_big(f"at most {MOST_FILES:,} files, found {'more than ' * (len(kept) > _ENOUGH * MOST_FILES)}{len(kept):,}", kept)
    if size > MOST_BYTES:
        raise _too_big(f"at most {_megabytes(MOST_BYTES)}, found {_megabytes(size)}", kept)
    return kept


def _too_big(text: str, entries: Iterable[Entry]) -> SlipwayError:
    sizes, counts = Counter[str](), Counter[str]()
    for entry in entries:
        top, below, _ = entry.path.partition("/")
        sizes[top + below] += entry.size
        counts[top + below] += 1
    order = counts if "files" in text else sizes
    names = sorted(order, key=lambda name: (-order[name], name))[:3]
    largest = [f"{name} ({_megabytes(sizes[name])}, {counts[name]:,} files)" for name in names]
    return SlipwayError(
        f"the app's folder: wanted {text}; largest: {', '.join(largest)}; leave out what the app doesn't need by .slipwayignore"
    )


def _megabytes(size: int) -> str:
    return f"{size / 10**6:,.1f} MB"
