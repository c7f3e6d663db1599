"""The container that the host tool runs in: it has the tree and the engine's socket, and lives for
as long as this end of a pipe is open. What runs in it is ended with it."""

import atexit
import json
import secrets
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from cloud_init.host.processes.managers.docker import SOCKET
from components.docker.engine import Engine, arguments
from components.hosts.way import QUICK, Way

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
        self.engine, self.app, self.site, self.image = engine, app, site, image
        self._process: subprocess.Popen[bytes] | None = None
        self._name = ""
        self._mutex = threading.Lock()

    def command(self, words: Sequence[str], root: bool = True, terminal: bool = False) -> list[str]:
        self.open()
        return self.engine.command("exec", "-i", self._name, *words)

    @property
    def is_open(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def open(self, patience: float = QUICK) -> None:
        with self._mutex:  # resources are made in threads
            if not self.is_open:
                self._start()

    def _start(self) -> None:
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
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        atexit.register(self.close)
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            words = self._process.communicate()[1].decode(errors="replace")
            raise self.engine.refused("run", words)

    def close(self) -> None:
        """Ends it, and what runs in it."""
        if self._process and self.is_open and self._process.stdin:
            self._process.stdin.close()
            self._process.wait()


_keepers: dict[str, Keeper] = {}


def to(facts: Mapping[str, Any]) -> Keeper:
    """This process's keeper for the site with these facts."""
    key = json.dumps([facts["engine"], facts["site"], facts["image"]], sort_keys=True)
    return _keepers.setdefault(key, Keeper(Engine(**facts["engine"]), facts["app"], facts["site"], facts["image"]))
