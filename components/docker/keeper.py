"""The container that the host tool runs in: it has the tree and the engine's socket, and lives for
as long as this end of a pipe is open. What runs in it is ended with it."""

import atexit
import json
import secrets
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from cloud_init.host.processes.managers.docker import SOCKET
from components.docker.engine import Engine, arguments
from components.hosts.way import Way

ROOT = PurePosixPath("/slipway")
"""The tree in every container."""
STORE = str(ROOT / "var/lib/slipway/store")
PYTHON = "/usr/local/bin/python3"
TOOL = [PYTHON, "-I", str(ROOT / "opt/slipway/host.pyz"), "--root", str(ROOT)]
_RIGHTS = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "KILL")


class Keeper(Way):
    """The way to the tree of one engine. `site`: what its names begin with; `image`: the programs
    of a host."""

    is_here = False

    def __init__(self, engine: Engine, app: str, site: str, image: str) -> None:
        super().__init__()
        self.engine, self.app, self.site, self.image = engine, app, site, image
        self._name = ""

    def command(self, words: Sequence[str], root: bool = True, terminal: bool = False) -> list[str]:
        self.open()
        return self.engine.command("exec", "-i", self._name, *words)

    def _opened(self, patience: float, say: Callable[[str], None]) -> subprocess.Popen[bytes]:
        self._name = f"{self.site}-keeper-{secrets.token_hex(4)}"
        data = ROOT / "srv/slipway" / self.app / "data"
        mounts = [
            f"type=volume,src={self.site},dst={ROOT}",
            f"type=volume,src={self.site}-data,dst={data}",
            f"type=bind,src={self.engine.socket},dst={SOCKET}",
        ]
        options = arguments({
            "name": self._name, "network": self.site, "mount": mounts, "cap-drop": "ALL", "cap-add": _RIGHTS,
            "security-opt": "no-new-privileges", "tmpfs": "/tmp", "label": f"slipway.site={self.site}", "stop-timeout": "1",
        })  # fmt: skip
        waits = ("sh", "-c", "echo there && exec cat")
        command = self.engine.command("run", "--pull=never", "--rm", "--interactive", "--read-only", *options, self.image, *waits)
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        atexit.register(self.close)
        assert process.stdout is not None
        if not process.stdout.readline():
            raise self.engine.refused("run", process.communicate()[1].decode(errors="replace"))
        return process

    def close(self) -> None:
        """Ends it, and what runs in it."""
        if self._holds and self.is_open and self._holds.stdin:
            self._holds.stdin.close()
            self._holds.wait()


_keepers: dict[str, Keeper] = {}


def to(facts: Mapping[str, Any]) -> Keeper:
    """This process's keeper for the site with these facts."""
    key = json.dumps([facts["engine"], facts["site"], facts["image"]], sort_keys=True)
    return _keepers.setdefault(key, Keeper(Engine(**facts["engine"]), facts["app"], facts["site"], facts["image"]))
