"""This machine: the host tool as a child process, its tree in a folder of the project."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cloud_init.host import contracts
from cloud_init.host.base import files
from cloud_init.host.base.outcome import Refused
from cloud_init.host.contracts.facts import HostFacts
from cloud_init.host.data import backup
from cloud_init.host_tool import tool as bundled_tool
from components.deployment.answers import Kept
from components.errors import SlipwayError
from components.hosts.transport import Event, WayTransport
from components.hosts.way import Way

_MADE = ("etc", "opt", "var", "run", "store")
_LONGEST = "supervisor.sock.4194304"  # supervisord makes its socket under a name with its pid, then renames it
_DATA = ("shared", "snapshots", "data", "backups")


def connect(facts: Mapping[str, Any]) -> "LocalTransport":
    return LocalTransport(contracts.read(HostFacts, dict(facts)))


class LocalTransport(WayTransport):
    """A host that is this machine."""

    def __init__(self, facts: HostFacts) -> None:
        self.host, self.role, self.address = facts.host, facts.role or "web", facts.front.listen[0]
        self.facts = facts
        self.root, self.way = Path(facts.root), Way()

    def kept(self) -> list[Kept]:
        return [Kept(str(path), files.size_of(path)) for path in self.data]

    @property
    def data(self) -> tuple[Path, ...]:
        """Folders with data of the app."""
        folder = self.root / "srv/slipway" / self.facts.app
        return tuple(folder / name for name in _DATA if (folder / name).is_dir() and any((folder / name).iterdir()))

    def install(self, tool: bytes) -> None:
        try:
            # The app's user passes through here, whatever umask the deploying user has.
            for folder in (self.root.parent, self.root, self.root / "opt", self.root / "opt/slipway", self.root / "etc"):
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(0o755)
            files.write(self.root / "opt/slipway/host.pyz", tool)
            files.write_json(self.root / "etc/slipway/host.json", contracts.document(self.facts))
            (self.root / "etc/slipway").chmod(0o755)
        except OSError as error:
            raise SlipwayError(
                f"{error.filename or self.root}: can't be written ({error.strerror}); mend that, then run `up` again"
            ) from None

    def save(self, engine: str, folder: Path, on_event: Callable[[Event], None] | None = None) -> Path | None:
        if not self.data:
            return None
        app = self.root / "srv/slipway" / self.facts.app
        if (app / "data").is_dir() and not (app / "releases").is_dir():
            # After a plain `destroy` nothing runs that could dump a cluster: its files are copied.
            return _copied(app / "data", folder / time.strftime(f"{app.name}-data-%Y%m%d-%H%M%S", time.gmtime()))
        self.install(bundled_tool())  # a plain `destroy` may have removed it
        saved = self.run(["backup", "--own", "--reason", "before destroy --with-data", "--engine", engine], on_event)
        if not saved["ok"]:
            raise SlipwayError(f"last backup: {saved['message']}; nothing was removed; mend that, or remove {self.root} by hand")
        return _copied(Path(saved["path"]), folder / f"{self.facts.app}-{saved['backup']['id']}") if saved["backup"] else None

    def settle(self, origin: Path) -> None:
        before = LocalTransport(replace(self.facts, run=self.facts.run.replace(str(origin), str(self.root), 1)))
        before.install(bundled_tool())
        ended = before.run(["halt"])
        if not ended["ok"]:
            raise SlipwayError(f"{self.root}: what runs can't be ended ({ended['message']}); nothing was removed; mend that, then again")
        before._clear(keep_data=True, made=_MADE[:-1])
        shutil.rmtree(before.facts.run, ignore_errors=True)

    def remove(self, keep_data: bool) -> None:
        if self.root.is_dir():
            self.install(bundled_tool())
            self.run(["halt"])
            self._clear(keep_data)
            (self.root / "owner.json").unlink(missing_ok=True)
        shutil.rmtree(self.facts.run, ignore_errors=True)

    def _clear(self, keep_data: bool, made: Sequence[str] = _MADE) -> None:
        for name in made:
            shutil.rmtree(self.root / name, ignore_errors=True)
        app = self.root / "srv/slipway" / self.facts.app
        for folder in app.iterdir() if app.is_dir() else ():
            if not (keep_data and folder in self.data):
                files.remove(folder)
        for folder in (app, app.parent, app.parent.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def tool(self, arguments: Sequence[str]) -> list[str]:
        tool = self.root / "opt/slipway/host.pyz"
        if not tool.is_file():
            raise SlipwayError(f"{self.root}: nothing is launched here yet; run `./slipway up`")
        return [self.facts.python, "-I", str(tool), "--root", str(self.root), *arguments]


def _copied(source: Path, target: Path) -> Path:
    """A copy of a backup, as private as it is; whole or not there."""
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copytree(source, part, symlinks=True, dirs_exist_ok=True)
        for path in (source, *source.rglob("*")):  # a server refuses files that are not its user's
            os.chown(part / path.relative_to(source), path.lstat().st_uid, path.lstat().st_gid, follow_symlinks=False)
        if source.name != "data":
            backup.check(part, source.name)
        files.sync_tree(part)
        part.rename(target)
        files.sync(target.parent)
    except (OSError, shutil.Error, Refused) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise SlipwayError(f"last backup: wanted a copy at {target}, found: {error}; nothing was removed") from None
    return target


def run_folder(root: Path, app: str) -> Path:
    """RUN for a tree at `root`: in it, or in a short private folder (sockets: 107 bytes)."""
    inside = root / "run/slipway" / app
    if len(os.fsencode(inside / _LONGEST)) <= 107:
        return inside
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp")
    return base / f"slipway-{os.getuid()}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}" / app
