"""The compiled copy of the host tool, beside it: the same zip with byte code too, which Python takes from it without looking further."""

from __future__ import annotations

import importlib.util
import io
import marshal
import os
import tempfile
import zipfile
from pathlib import Path

from .__main__ import copy_of, trusted
from .base.outcome import note

_UNCHECKED = 1  # a file of byte code that is never compared with its source: both are of these very bytes
_KEPT = 2  # copies: a command of the tool before may still run


def make(tool: Path) -> None:
    """Whole or not there, whoever else makes it now and whatever is killed. Without it all works as well, only later."""
    try:
        copy = Path(copy_of(str(tool)))
        if not trusted(str(copy), str(tool)):
            _write(copy, compiled(tool))
        for old in sorted(copy.parent.iterdir(), key=_age)[:-_KEPT]:
            old.unlink()
    except OSError as error:
        note(f"the host tool is compiled anew each time it starts: {error}")


def compiled(tool: Path) -> bytes:
    """The copy's bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(tool) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in source.namelist():
            data = source.read(name)
            archive.writestr(name, data)
            if name.endswith(".py"):
                archive.writestr(f"{name}c", _byte_code(data, f"{tool}/{name}"))
    return target.getvalue()


def _byte_code(source: bytes, name: str) -> bytes:
    """As PEP 552 has it."""
    head = importlib.util.MAGIC_NUMBER + _UNCHECKED.to_bytes(4, "little") + importlib.util.source_hash(source)
    return head + marshal.dumps(compile(source, name, "exec", dont_inherit=True))


def _write(copy: Path, data: bytes) -> None:
    copy.parent.mkdir(mode=0o755, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=copy.parent, prefix=".")
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())
    os.rename(part, copy)


def _age(path: Path) -> float:
    return path.lstat().st_mtime
