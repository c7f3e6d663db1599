"""A host's disk: the base below, what the host writes above. The base is never written."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .commands import run


@dataclass(frozen=True)
class Disk:
    """Mounted at `root` until `remove()`: a host that is started again finds what it wrote."""

    folder: Path

    @property
    def root(self) -> Path:
        """Where it is mounted."""
        return self.folder / "root"

    def make(self, base: Path, bytes_: int | None) -> None:
        """`bytes_`: how much the host can write; None: as much as this machine has."""
        above = self.folder / "above"
        self.root.mkdir(parents=True)
        above.mkdir()
        if bytes_:
            run(["mount", "-t", "tmpfs", "-o", f"size={bytes_},mode=755", "slipway-test", str(above)])
        for name in ("upper", "work"):
            (above / name).mkdir()
        layers = f"lowerdir={base},upperdir={above}/upper,workdir={above}/work"
        run(["mount", "-t", "overlay", "-o", layers, "slipway-test", str(self.root)])

    def add_volume(self, bytes_: int) -> str:
        """An empty disk beside; its device."""
        file = self.folder / "volume"
        file.touch()
        os.truncate(file, bytes_)
        return run(["losetup", "--find", "--show", str(file)]).stdout.strip()

    def remove(self) -> None:
        """All of it, whatever of it is there."""
        self._detach()
        for place in (self.root, self.folder / "above"):
            if place.is_mount():
                run(["umount", str(place)])
        shutil.rmtree(self.folder, ignore_errors=True)

    def _detach(self) -> None:
        file = self.folder / "volume"
        if file.exists():
            for line in run(["losetup", "--associated", str(file), "--noheadings", "--output", "NAME"]).stdout.split():
                run(["losetup", "--detach", line])
