"""Files and links that are either old or new, never half: written beside and renamed."""

import hashlib
import json
import os
import pkgutil
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Optional, Union


def write(path: Path, data: bytes, mode: int = 0o644) -> bool:
    """Writes `data` by rename; False, and nothing touched, if the file holds it already."""
    if path.is_file() and path.read_bytes() == data and path.stat().st_mode & 0o777 == mode:
        return False
    make_folder(path.parent)
    make_way(path)
    with replacing(path) as part, open(part, "wb", opener=private_file) as file:
        file.write(data)
        os.fchmod(file.fileno(), mode)
    return True


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside, for new content: renamed to `path` at the end, removed after an error. A file
    and its name are on the disk then; of a folder the name."""
    part = path.with_name(f".{path.name}.part")
    remove(part)
    try:
        yield part
        if part.is_file() and not part.is_symlink():
            sync(part)
        part.rename(path)
        sync(path.parent)
    finally:
        remove(part)


def sync(path: Path) -> None:
    """Brings a file's bytes, or a folder's names, onto the disk: a power cut takes back a rename, a
    link or a removal in a folder that wasn't synced, though the file was."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Brings all that lies in a folder onto the disk, and its own name."""
    for path in (*folder.rglob("*"), folder, folder.parent):
        if not path.is_symlink() and (path.is_file() or path.is_dir()):
            sync(path)


def mark_ready(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes the `ready` of a whole folder; its files, maybe thousands, are on the disk before."""
    os.sync()
    write_json(folder / "ready", facts)


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Makes a folder and those above it, which have the usual mode; synced."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode, exist_ok=True)
        sync(path.parent)


def private_file(path: str, flags: int) -> int:
    """An opener for `open`: a file that is its owner's alone from its first byte."""
    return os.open(path, flags, 0o600)


def template(package: str, name: str, **values: object) -> str:
    """A text file of a package, with the values in the places `@@NAME@@` of it."""
    text = (pkgutil.get_data(package, name) or b"").decode()
    for place, value in values.items():
        text = text.replace(f"@@{place}@@", str(value))
    return text


def write_json(path: Path, value: Any, mode: int = 0o644) -> bool:
    """The value as readable JSON, by rename."""
    return write(path, (json.dumps(value, indent=1, sort_keys=True) + "\n").encode(), mode)


def read_json(path: Path) -> Any:
    """The file's JSON; None for no file, a damaged one, or a folder in its place."""
    with suppress(FileNotFoundError, IsADirectoryError, ValueError):
        return json.loads(path.read_text(encoding="utf-8"))
    return None


def read_object(path: Path) -> dict[str, Any]:
    """The file's JSON object; empty if there is none, or something else."""
    return object_in(read_text(path))


def object_in(text: Optional[Union[str, bytes]]) -> dict[str, Any]:
    """The JSON object in a text; empty if that is none, or something else."""
    with suppress(ValueError):
        value = json.loads(text or "{}")
        return value if isinstance(value, dict) else {}
    return {}


def read_text(path: Path) -> str:
    """The file's text; empty if there is none, a folder in its place included."""
    with suppress(FileNotFoundError, IsADirectoryError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""


def read_foreign(path: Path) -> str:
    """The start of a file's text where another user may write; empty for a link and for no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with open(descriptor, encoding="utf-8", errors="replace") as file:
        return file.read(4096) if stat.S_ISREG(os.fstat(descriptor).st_mode) else ""


def link(path: Path, to: str) -> None:
    """Points the link `path` at `to`, by rename: whoever looks sees the old one or the new one."""
    make_folder(path.parent)
    make_way(path)
    with replacing(path) as part:
        part.symlink_to(to)


def unlink(path: Path) -> None:
    """Removes a file or link, or nothing; a folder in its place is put aside."""
    make_way(path)
    if path.is_symlink() or path.exists():
        path.unlink()
        sync(path.parent)


def make_way(path: Path) -> None:
    """Puts a folder aside that stands where a file or link belongs."""
    if path.is_dir() and not path.is_symlink():
        path.rename(path.with_name(f"{path.name}.aside-{time.time_ns()}"))


def target(path: Path) -> Optional[str]:
    """The path that the link has, or None."""
    return os.readlink(path) if path.is_symlink() else None


def remove(path: Path) -> None:
    """Removes a file, socket, link or whole folder; nothing to do if there is nothing."""
    if path.is_dir() and not path.is_symlink():
        for folder, _, _ in os.walk(path):
            if not os.access(folder, os.W_OK) and os.stat(folder).st_uid == os.geteuid():
                os.chmod(folder, 0o755)  # of a user's own release, which its app may not write
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def size_of(folder: Path) -> int:
    """Bytes of the files below, links not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink() and path.is_file())


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes, in hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def tail(path: Path, lines: int = 20, start: int = 0) -> list[str]:
    """The last lines of a log from byte `start` on; its last 64 KiB are looked at."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(min(start, size), size - 65536))
        return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    return []


def link_or_copy(path: Path, other: Path) -> None:
    """The same file under a new name; on another disk a copy that is its owner's alone."""
    try:
        os.link(path, other)
    except OSError:
        with path.open("rb") as file, open(other, "xb", opener=private_file) as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
        sync(other)
