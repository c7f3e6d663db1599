"""The code of a release: checked against its hash, unpacked aside, renamed into place."""

import gzip
import hashlib
import os
import shutil
import stat
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Union, cast

from ..base import Refused, remove, replacing
from ..contracts.manifest import Code

_CHUNK = 1 << 20
DAMAGED = (OSError, EOFError, zlib.error)


def hash_of(archive: Union[Path, BinaryIO]) -> str:
    """The hash of the tar stream in an archive, in hex digits. Raises one of `DAMAGED`."""
    digest = hashlib.sha256()
    with gzip.open(archive, "rb") as stream:
        while chunk := stream.read(_CHUNK):  # one of a few kB may hold terabytes
            digest.update(chunk)
    return digest.hexdigest()


def verify(archive: Path, code: Code) -> None:
    """Raises `Refused` unless the tar stream has the code's hash; compression may differ."""
    try:
        found = hash_of(archive)
    except DAMAGED as error:
        raise Refused(f"archive {code.id}: damaged ({error}); run `up` again to publish it") from None
    if found != code.sha256:
        raise Refused(f"archive {code.id}: wanted SHA-256 {code.sha256[:12]}…, found {found[:12]}…; not used")


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks into `folder`, replacing what an interrupted run left there."""
    with replacing(folder) as part:
        part.mkdir(parents=True)
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                _place(tar, member, part)
        remove(folder)


def _place(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Makes a file or folder, inside the folder only. Raises `Refused` for anything else."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts:
        raise Refused(f"archive: {member.name!r} leaves the release's folder; not used")
    path = folder / name
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
    elif member.isfile():
        path.parent.mkdir(parents=True, exist_ok=True)
        with cast(IO[bytes], tar.extractfile(member)) as source, open(path, "wb") as file:
            shutil.copyfileobj(source, file, _CHUNK)
            os.fchmod(file.fileno(), 0o755 if member.mode & stat.S_IXUSR else 0o644)
    else:
        raise Refused(f"archive: {member.name!r} is neither a file nor a folder; not used")
