"""The system files of a server's role, put in force kind by kind; a kind that fails is undone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..base.files import read_object, remove, write, write_json
from ..base.outcome import Refused, note
from ..base.places import Places
from ..contracts.manifest import HostPart, LaterPart, SystemFile
from . import apply

# Beside the system's own files, never in their place: each name says that it is Slipway's.
_FOLDERS = r"slipway|ssh/sshd_config\.d|sysctl\.d|apt/apt\.conf\.d|logrotate\.d|systemd/system(/[\w@.-]+\.d)?|systemd/[a-z]+\.conf\.d"
_ALLOWED = re.compile(rf"/etc/({_FOLDERS})/\w[\w@.-]*", re.ASCII)
Before = dict[Path, "tuple[bytes, int] | None"]


def run(places: Places, host: HostPart) -> None:
    """Writes what differs, removes what is gone, puts both in force. Raises `Refused`."""
    files, later = _files(places, host.system), _files(places, host.later.system)
    _put(places, files, [path for path in _noted(places) if path not in files and path not in later])


def run_later(places: Places, later: LaterPart) -> None:
    """The same with the files that serving doesn't wait for; removes nothing."""
    _put(places, _files(places, later.system), [])


def _files(places: Places, by_role: Mapping[str, Sequence[SystemFile]]) -> dict[str, SystemFile]:
    """The files of this host's role, by path. Raises `Refused` for a wrong place."""
    files = {file.path: file for file in by_role.get(places.role or "web", ())}
    for path in files:
        if not _ALLOWED.fullmatch(path) or "slipway" not in path:
            raise Refused(f"manifest: {path[:100]!r} is no place for a file of Slipway's; not written")
    return files


def _put(places: Places, files: dict[str, SystemFile], leaving: list[str]) -> None:
    noted = _noted(places)
    for kind in sorted({file.apply for file in files.values()} | {str(noted[path]["apply"]) for path in leaving}):
        changed = [file for file in files.values() if file.apply == kind and not _in_force(places, file, noted)]
        gone = [path for path in leaving if noted[path]["apply"] == kind]
        if changed or gone:
            _settle(places, kind, changed, gone)


def _settle(places: Places, kind: str, changed: list[SystemFile], gone: list[str]) -> None:
    how = apply.kind(kind)
    paths, leaving = [_path(places, file.path) for file in changed], [_path(places, path) for path in gone]
    before: Before = {path: _read(path) for path in (*paths, *leaving)}
    # Noted first: what a kill leaves half done is neither forgotten nor taken to be in force.
    _note(places, {file.path: {"apply": kind, "sha256": None} for file in changed}, [])
    try:
        how.withdraw([path for path in leaving if path.is_file()])
        for file in changed:
            write(_path(places, file.path), file.content.encode(), int(file.mode, 8))
        for path in leaving:
            path.unlink(missing_ok=True)
        how.apply(paths)
    except (Refused, OSError):
        _undo(how, before)
        raise
    _note(places, {file.path: {"apply": kind, "sha256": _digest(file)} for file in changed}, gone)


def _undo(how: apply.Kind, before: Before) -> None:
    """Puts the files from before in force again. A failure of that is noted only."""
    try:
        for path, was in before.items():
            if was is None:
                remove(path)
            else:
                write(path, *was)
        how.apply([path for path, was in before.items() if was is not None])
    except (Refused, OSError) as error:
        note(f"not undone: {error}")


def _in_force(places: Places, file: SystemFile, noted: dict[str, Any]) -> bool:
    same = _read(_path(places, file.path)) == (file.content.encode(), int(file.mode, 8))
    return same and noted.get(file.path, {}).get("sha256") == _digest(file)


def _noted(places: Places) -> dict[str, Any]:
    """The files that were written here: path to `{"apply", "sha256"}`."""
    return {path: one for path, one in read_object(places.lib / "system.json").items() if isinstance(one, dict) and "apply" in one}


def _note(places: Places, written: dict[str, Any], gone: list[str]) -> None:
    known = {**_noted(places), **written}
    write_json(places.lib / "system.json", {path: one for path, one in known.items() if path not in gone})


def _path(places: Places, path: str) -> Path:
    return places.root / path.lstrip("/")


def _read(path: Path) -> tuple[bytes, int] | None:
    return (path.read_bytes(), path.stat().st_mode & 0o777) if path.is_file() else None


def _digest(file: SystemFile) -> str:
    return hashlib.sha256(f"{file.mode} {file.content}".encode()).hexdigest()
