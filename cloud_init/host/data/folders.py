"""Folders of the app that outlive releases (`slipway:app.data`): they are in `shared/app`, and
links in the app's own folder lead there. Backups hold all of it.
The app may write there, links too: what is done there is done as the app's user."""

import gzip
import os
import shutil
import stat
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Optional

from ..base import Places, Refused, done_as, link, make_folder, private, private_file, remove, sha256_of, target
from ..contracts.manifest import Manifest
from ..release import manifests
from ..rollout import state
from .databases import sqlite

_DAMAGED = (OSError, EOFError, tarfile.TarError, ValueError)
FILES = (".db", ".sqlite", ".sqlite3")  # SQLite follows the link, and writes beside the file itself
_SEEDS = "seeds"  # in a release's folder: what the app itself brings in such folders


def lay(places: Places, manifest: Manifest) -> None:
    """Has the release's folders of `app.data` lead to those that stay, made if need be. A new one
    gets what the release that serves has written, and what the app brings. Raises `Refused`."""
    if not manifest.data:
        return
    top, release, mode = private(places.app_data, places.user, places.shared_mode), places.release(manifest.id), places.shared_mode
    for name in manifest.data:
        place, seeds = release / "src" / name, release / _SEEDS / name
        if place.exists() and not place.is_symlink():
            if not place.is_dir() and not name.endswith(FILES):
                raise Refused(f"slipway:app.data: wanted a folder {name!r} in the app, found a file; name the folder that it is in")
            make_folder(seeds.parent)
            remove(seeds)
            place.rename(seeds)
        serving = state.serving(places)
        sources = [path for path in (serving and places.release(serving) / "src" / name, seeds) if path and path.exists()]
        done_as(places.user, partial(_fill, top / name, sources, mode))
        if target(place) != str(top / name):
            link(place, str(top / name))
            if places.user:  # a front follows links to what their owner owns
                os.chown(place, places.user.pw_uid, places.user.pw_gid, follow_symlinks=False)


def seal(source: Path) -> None:
    """Keeps an ordinary user's app from writing into its own folder, as a server's may not."""
    if os.geteuid() != 0:
        for path in (source, *source.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o555)


def are_there(places: Places) -> bool:
    """Whether this host has any."""
    return places.app_data.is_dir()


def save(places: Places, path: Path) -> Optional[dict[str, Any]]:
    """Writes all of the folders to an archive at `path`. Returns its hash and length, and how many
    `files` it has; None, and no archive, where there are none. Raises `Refused`."""
    top = places.app_data
    with open(path, "xb", opener=private_file) as file:
        files = done_as(places.user, lambda: _pack(top, file))
    if files is None:
        path.unlink()
        return None
    if (found := prove(path)) != files:
        raise Refused(f"{path}: wanted {files} files of the app's folders in it, found {found}; run it again")
    return {"sha256": sha256_of(path), "bytes": path.stat().st_size, "files": files}


def prove(path: Path) -> int:
    """Reads an archive to its end; the number of its files. Raises `Refused` for a damaged one."""
    try:
        with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            return sum(not member.isdir() for member in tar)
    except _DAMAGED as error:
        raise Refused(f"{path}: wanted the app's folders, found a damaged archive ({error}); restore another backup") from None


def load(places: Places, path: Path, files: int) -> None:
    """Puts the folders of an archive of so many `files` in place; others stay. Raises `Refused`."""
    top, release = places.app_data, state.serving(places)
    manifest = manifests.peek(places.release(release)) if release else None
    names = manifest.data if manifest else ()
    with path.open("rb") as file:
        found = done_as(places.user, lambda: _unpack(file, top, names))
    private(places.app_data, places.user, places.shared_mode)
    if found != files:
        raise Refused(f"{path}: wanted {files} files of the app's folders, found {found}; restore another backup")


def _fill(folder: Path, sources: list[Path], mode: int) -> None:
    """Makes a folder that isn't there, whole, with what lies in the sources: later ones win. The
    file of SQLite is copied, or left to the app to make."""
    if folder.exists():
        return
    part = folder.with_name(f".{folder.name}.part")
    remove(part)
    if folder.name.endswith(FILES) and not any(source.is_dir() for source in sources):
        part.parent.mkdir(parents=True, exist_ok=True)
        for source in sources[-1:]:
            shutil.copyfile(source, part)
            part.chmod(0o660)
            part.rename(folder)
        return
    part.mkdir(parents=True)
    for source in sources:
        shutil.copytree(source, part, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for place, _, names in os.walk(part):
        os.chmod(place, mode)
        for name in names:
            if not (path := Path(place, name)).is_symlink():
                path.chmod(0o660 | path.stat().st_mode & 0o110)
    part.rename(folder)


def _pack(top: Path, file: BinaryIO) -> Optional[int]:
    """The number of files in the archive, None for no folder. What vanishes meanwhile
    is left out; a database of SQLite's is copied by SQLite, as it is in use."""
    names, files = 0, 0
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0) as stream, tarfile.open(fileobj=stream, mode="w|") as tar:
        for path in _below(top):
            try:
                known = path.lstat()
                info = tarfile.TarInfo(str(path.relative_to(top)))
                info.mode, info.mtime = stat.S_IMODE(known.st_mode), int(known.st_mtime)
                if stat.S_ISDIR(known.st_mode):
                    info.type = tarfile.DIRTYPE
                    tar.addfile(info)
                elif stat.S_ISLNK(known.st_mode):
                    info.type, info.linkname = tarfile.SYMTYPE, os.readlink(path)
                    tar.addfile(info)
                elif stat.S_ISREG(known.st_mode):
                    _pack_file(tar, info, path, top.with_name(".app.copy"))
                else:
                    continue
            except FileNotFoundError:
                continue
            names, files = names + 1, files + (not stat.S_ISDIR(known.st_mode))
    file.flush()  # this process may end without it
    return files if names else None


def _below(top: Path) -> Iterator[Path]:
    """All that lies in a folder, folders first, without what SQLite keeps beside a database."""
    for folder, folders, names in os.walk(top):
        beside = {name + suffix for name in names for suffix in sqlite.BESIDE}
        yield from (Path(folder, name) for name in sorted({*folders, *names} - (beside & {*names})))


def _pack_file(tar: tarfile.TarFile, info: tarfile.TarInfo, path: Path, copy: Path) -> None:
    if sqlite.is_database(path):
        sqlite.copy_to(path, copy)
        path = copy
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            info.size = os.fstat(file.fileno()).st_size
            tar.addfile(info, _Whole(file))  # type: ignore[arg-type]
    finally:
        copy.unlink(missing_ok=True)


class _Whole:
    """A file that may be cut meanwhile, as long as it was when it was opened."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, count: int) -> bytes:
        return self._file.read(count).ljust(count, b"\0")


def _unpack(file: BinaryIO, top: Path, names: tuple[str, ...]) -> int:
    """The number of files that came. A kill leaves all of the old folders, or all of the new."""
    new, old, files = top.with_name(".app.new"), top.with_name(".app.old"), 0
    if old.exists():
        _settle(old, top, names)
    remove(new)
    new.mkdir()
    with gzip.GzipFile(fileobj=file) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        tar.extraction_filter = lambda member, _: member  # links of the app lead anywhere
        for member in tar:
            name = PurePosixPath(member.name)
            if name.is_absolute() or ".." in name.parts:
                raise Refused(f"backup: {member.name!r} leaves the app's folders; restore another one")
            member.mode = member.mode | 0o700 if member.isdir() else member.mode & 0o777
            if member.isdir() or member.issym() or member.isfile():
                tar.extract(member, new)
            files += not member.isdir()
    if top.exists():
        top.rename(old)
    new.rename(top)
    _settle(old, top, names)
    return files


def _settle(old: Path, top: Path, names: tuple[str, ...]) -> None:
    """Ends an exchange, wherever it was cut off: folders that the new ones lack stay."""
    if not top.exists():
        old.rename(top)
        return
    for name in names:
        if not (top / name).exists() and (old / name).exists():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (old / name).rename(top / name)
    remove(old)
