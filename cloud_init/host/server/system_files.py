"""The system files of a server's role, put in force kind by kind, as `_KINDS` says by the
manifest's `apply`; a kind that fails is undone."""

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Optional

from ..base import Places, Refused, note, processes, read_object, remove, write, write_json
from ..contracts.manifest import HostPart, SystemFile

# Beside the system's own files, never in their place: each name says that it is Slipway's.
_FOLDERS = r"slipway|ssh/sshd_config\.d|sysctl\.d|apt/apt\.conf\.d|logrotate\.d|systemd/system(/[\w@.-]+\.d)?|systemd/[a-z]+\.conf\.d"
_ALLOWED = re.compile(rf"/etc/({_FOLDERS})/\w[\w@.-]*", re.ASCII)
_UNITS = (".service", ".timer", ".socket", ".path", ".mount")
_SSHD = ("passwordauthentication no", "kbdinteractiveauthentication no")
_TIMESYNCD = "systemd-timesyncd.service"
Before = dict[Path, "tuple[bytes, int] | None"]


def run(places: Places, host: HostPart) -> None:
    """Writes what differs, removes what is gone, puts both in force. Raises `Refused`."""
    files, noted = {file.path: file for file in host.system.get(places.role or "web", ())}, _noted(places)
    for path in files:
        if not _ALLOWED.fullmatch(path) or "slipway" not in path:
            raise Refused(f"manifest: {path[:100]!r} is no place for a file of Slipway's; not written")
    leaving = [path for path in noted if path not in files]
    for kind in sorted({file.apply for file in files.values()} | {str(noted[path]["apply"]) for path in leaving}):
        changed = [file for file in files.values() if file.apply == kind and not _in_force(places, file, noted)]
        gone = [path for path in leaving if noted[path]["apply"] == kind]
        if changed or gone:
            _settle(places, kind, changed, gone)


def _settle(places: Places, kind: str, changed: list[SystemFile], gone: list[str]) -> None:
    how = kind_of(kind)
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


def _undo(how: "Kind", before: Before) -> None:
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


def _read(path: Path) -> Optional[tuple[bytes, int]]:
    return (path.read_bytes(), path.stat().st_mode & 0o777) if path.is_file() else None


def _digest(file: SystemFile) -> str:
    return hashlib.sha256(f"{file.mode} {file.content}".encode()).hexdigest()


class Kind(NamedTuple):
    """One kind of system file. Both functions raise `Refused`."""

    apply: Callable[[list[Path]], object]  # called with the files that are new or changed; with none if some of the kind are gone
    withdraw: Callable[[list[Path]], object] = lambda paths: None  # called with the files that are about to be removed


def kind_of(name: str) -> "Kind":
    """The kind of that name. Raises `Refused` for a name that this tool doesn't know."""
    if name not in _KINDS:
        raise Refused(f"manifest: wanted one of {', '.join(sorted(_KINDS))} to put a system file in force, found {name!r}")
    return _KINDS[name]


def _load_rules(paths: list[Path]) -> None:
    """Each file is a transaction of the kernel. All are checked first."""
    for path in paths:
        processes.run("nft", "--check", "--file", str(path))
    for path in paths:
        processes.run("nft", "--file", str(path))


def _delete_table(paths: list[Path]) -> None:
    if "table inet slipway" in processes.run("nft", "list", "tables").splitlines():
        processes.run("nft", "delete", "table", "inet", "slipway")


def _reload_sshd(paths: list[Path]) -> None:
    """Checked first, because a wrong word would lock everybody out. Open sessions stay.
    An sshd that is started by its socket reads its files by itself."""
    if not Path("/usr/sbin/sshd").exists():
        return
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # made by its unit, which may not have run yet
    processes.run("/usr/sbin/sshd", "-t")
    in_force = processes.run("/usr/sbin/sshd", "-T").splitlines()
    for missing in [line for line in _SSHD if paths and line not in in_force]:
        note(f"sshd: {missing!r} is not in force: /etc/ssh/sshd_config says otherwise before it includes sshd_config.d")
    if shutil.which("systemctl"):
        processes.run("systemctl", "try-reload-or-restart", "ssh.service")


def _start_units(paths: list[Path]) -> None:
    """Reads all units once, since that takes its time; starts those of a boot anew."""
    units = _of_a_boot(paths)
    if units:
        processes.run("systemctl", "reenable", "--no-reload", *units)
    processes.run("systemctl", "daemon-reload")
    if units:
        processes.run("systemctl", "restart", *units)


def _stop_units(paths: list[Path]) -> None:
    if units := _of_a_boot(paths):
        processes.run("systemctl", "disable", "--no-reload", "--now", *units)


def _of_a_boot(paths: list[Path]) -> list[str]:
    """The names of the units with a section `[Install]`."""
    return [path.name for path in paths if path.suffix in _UNITS and "\n[Install]\n" in path.read_text(encoding="utf-8")]


def _restart_timesyncd(paths: list[Path]) -> None:
    """Enables it too, which no package does. Another time keeper is left alone."""
    if Path("/usr/lib/systemd/systemd-timesyncd").exists() and paths:
        processes.run("systemctl", "enable", _TIMESYNCD)
        processes.run("systemctl", "restart", _TIMESYNCD)


_KINDS = {
    # apt reads its files anew each time: all there is to do is to see that it can.
    "apt": Kind(lambda paths: processes.run("apt-config", "dump")),
    # A restart keeps what was written, and the sockets hold what is said meanwhile.
    "journald": Kind(lambda paths: processes.run("systemctl", "try-restart", "systemd-journald.service")),
    "nftables": Kind(_load_rules, _delete_table),
    "sshd": Kind(_reload_sshd),
    # systemd's own unit leaves out what a container can't set. The next boot brings defaults back.
    "sysctl": Kind(lambda paths: processes.run("systemctl", "restart", "systemd-sysctl.service")),
    "systemd": Kind(_start_units, _stop_units),
    "timesyncd": Kind(_restart_timesyncd),
}
