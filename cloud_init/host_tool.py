"""The host tool as one file: a zip that Python runs, the same bytes on every machine."""

import hashlib
import io
import re
import zipfile
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "host"
# Python, and the texts that it reads; nothing that an editor or a desktop left beside them.
_PARTS = re.compile(r"\w[\w-]*\.(py|conf|html|mount|service|sql|txt)")


@cache
def tool() -> bytes:
    """The bytes of the zip; stored, not deflated, because zlib differs between machines."""
    paths = {f"host/{path.relative_to(_FOLDER).as_posix()}": path for path in sorted(_FOLDER.rglob("*"))}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, path in {"__main__.py": _FOLDER / "__main__.py", **paths}.items():
            if path.is_file() and _PARTS.fullmatch(path.name):
                info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                info.external_attr, info.create_system = 0o644 << 16, 3
                archive.writestr(info, path.read_bytes())
    return target.getvalue()


def tool_id() -> str:
    """SHA-256 of the tool, in hex."""
    return hashlib.sha256(tool()).hexdigest()
