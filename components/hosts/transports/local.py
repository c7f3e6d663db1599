"""This machine: the host tool as a child process, its tree in a folder of the project."""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from cloud_init.host import contracts
from cloud_init.host.base import files
from cloud_init.host.contracts.facts import HostFacts
from cloud_init.host_tool import tool as bundled_tool
from components.deployment.answers import Kept
from components.errors import SlipwayError
from components.hosts.transport import Event, Launched, Way

_MADE = ("etc", "opt", "var", "run", "store")
_LONGEST = "supervisor.sock.4194304"  # supervisord makes its socket under a name with its pid, then renames it
_DATA = ("shared", "snapshots", "data", "backups")


def connect(facts: Mapping[str, Any]) -> "LocalTransport":
    return LocalTransport(contracts.read(HostFacts, dict(facts)))


class LocalTransport(Launched):
    """A host that is this machine."""

    def __init__(self, facts: HostFacts) -> None:
        self.host, self.role, self.address = facts.host, facts.role or "web", facts.front.listen[0]
        self.facts, self.copies = facts, facts.app
        self.mend = f"mend that, or remove {facts.root} by hand"
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
            why = f"{app / 'data'}: wanted a release that can dump its database, found none after a plain `destroy`; nothing was removed"
            raise SlipwayError(f"last backup: {why}; run `up` first, or move that folder away")
        self.install(bundled_tool())  # a plain `destroy` may have removed it
        return super().save(engine, folder, on_event)

    def settle(self, origin: Path) -> None:
        before = LocalTransport(replace(self.facts, run=self.facts.run.replace(str(origin), str(self.root), 1)))
        before.install(bundled_tool())
        before.leave()
        before._clear(_MADE[:-1])
        shutil.rmtree(before.facts.run, ignore_errors=True)

    def remove(self, keep_data: bool) -> None:
        if self.root.is_dir():
            self.install(bundled_tool())
            self.leave(*([] if keep_data else ["--with-data"]))
            self._clear(_MADE)
            with suppress(OSError):  # the data are in it
                (self.root / "srv").rmdir()
            (self.root / "owner.json").unlink(missing_ok=True)
        shutil.rmtree(self.facts.run, ignore_errors=True)

    def _clear(self, made: Sequence[str]) -> None:
        for name in made:
            shutil.rmtree(self.root / name, ignore_errors=True)

    def tool(self, arguments: Sequence[str]) -> list[str]:
        tool = self.root / "opt/slipway/host.pyz"
        if not tool.is_file():
            raise SlipwayError(f"{self.root}: nothing is launched here yet; run `./slipway up`")
        return [self.facts.python, "-I", str(tool), "--root", str(self.root), *arguments]


def run_folder(root: Path, app: str) -> Path:
    """RUN for a tree at `root`: in it, or in a short private folder (sockets: 107 bytes)."""
    inside = root / "run/slipway" / app
    if len(os.fsencode(inside / _LONGEST)) <= 107:
        return inside
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp")
    return base / f"slipway-{os.getuid()}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}" / app
