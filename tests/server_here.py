"""A server of `ssh` that is this machine: its host tool is run as it is, without a connection."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from components.hosts.objects import Folder
from components.hosts.transport import Pipe

_SERVE = "import sys; from pathlib import Path; from cloud_init.host.commands import objects; objects.serve(Path(sys.argv[2]))"
TOOL = ["env", f"PYTHONPATH={Path(__file__).parents[1]}", sys.executable, "-c", _SERVE]


class Here:
    """A way to this machine; `process`: what runs there."""

    is_open = True
    process: "subprocess.Popen[bytes] | None" = None

    def open(self, patience: float) -> None:
        """Nothing to do: it is open already."""

    def pipe(self, command: Any) -> Pipe:
        process = self.process = subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1)
        assert process.stdin
        assert process.stdout
        return Pipe(process.stdin, process.stdout, lambda: process.communicate()[1].decode())

    def fall_silent(self) -> None:
        """What the process does while its deployer sleeps, who has not heard of that yet."""
        if self.process:
            self.process.kill()
            self.process.wait()


def folder(place: Path, way: Any) -> Folder:
    """A folder of a server of that name."""
    return Folder(way, place.name, TOOL, str(place))
