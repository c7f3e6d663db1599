"""What happens to files: damages at random, from a given source of chance."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random


def truncated(path: Path, chance: Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(len(data) + 1)])


def flipped(path: Path, chance: Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(min(len(data), chance.choice((1, 2, 20)))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(data))


def emptied(path: Path, chance: Random) -> None:
    path.write_bytes(b"")


def strange(path: Path, chance: Random) -> None:
    path.write_bytes(b"\xff\xfe{\x00" + path.read_bytes())


def gone(path: Path, chance: Random) -> None:
    path.unlink()


def folder(path: Path, chance: Random) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def astray(path: Path, chance: Random) -> None:
    path.unlink()
    path.symlink_to("nowhere/to/be/found")


OF_FILES = (truncated, flipped, emptied, strange, gone, folder, astray)
OF_LINKS = (gone, folder, astray)


class Damage:
    """One damage, and what was there before it."""

    def __init__(self, path: Path, how: Callable[[Path, Random], None], chance: Random) -> None:
        self.path, self.link = path, os.readlink(path) if path.is_symlink() else None
        if self.link is None:
            self.data, self.stat = path.read_bytes(), path.stat()
        how(path, chance)

    def undo(self) -> None:
        if self.path.is_dir() and not self.path.is_symlink():
            shutil.rmtree(self.path)
        self.path.unlink(missing_ok=True)
        if self.link is not None:
            self.path.symlink_to(self.link)
            return
        self.path.write_bytes(self.data)
        os.chown(self.path, self.stat.st_uid, self.stat.st_gid)
        self.path.chmod(self.stat.st_mode & 0o7777)
