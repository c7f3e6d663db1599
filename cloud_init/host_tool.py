"""The host tool as one file: a zip that Python runs, the same bytes on every machine."""

import hashlib
import io
import zipfile
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "host"
_EPOCH = (1980, 1, 1, 0, 0, 0)


@cache
def tool() -> bytes:
    """The bytes of the zip; stored, not deflated, because zlib differs between machines."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, "__main__.py", (_FOLDER / "__main__.py").read_bytes())
        for path in sorted(_FOLDER.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                _add(archive, f"host/{path.relative_to(_FOLDER).as_posix()}", path.read_bytes())
    return target.getvalue()


def tool_id() -> str:
    """SHA-256 of the tool, in hex."""
    return hashlib.sha256(tool()).hexdigest()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = 0o644 << 16
    info.create_system = 3
    archive.writestr(info, data)
