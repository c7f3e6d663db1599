"""A Docker engine as a host: the host tool in a container that has the tree and the engine's
socket. It lives for as long as this end of a pipe is open, and what runs in it is ended with it."""

import atexit
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any

from cloud_init.host.processes.managers.docker import SOCKET
from components.deployment.answers import Kept
from components.docker.engine import Engine, arguments
from components.errors import SlipwayError
from components.hosts.transport import Event, Launched, Way

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


def keeper(facts: Mapping[str, Any]) -> Keeper:
    """This process's keeper for the site with these facts."""
    key = json.dumps([facts["engine"], facts["site"], facts["image"]], sort_keys=True)
    return _keepers.setdefault(key, Keeper(Engine(**facts["engine"]), facts["app"], facts["site"], facts["image"]))


class DockerTransport(Launched):
    """The containers of one site."""

    way: Keeper

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts, self.way = facts, keeper(facts)
        self.host, self.role, self.address = str(facts["host"]), "web", facts["address"]
        self.copies = self.host

    @property
    def is_hidden(self) -> bool:
        """Whether its port is another machine's own, which nobody here can ask."""
        return self.address == "127.0.0.1" and not self.way.engine.is_here

    def tool(self, arguments: Sequence[str]) -> list[str]:
        return [*TOOL, *arguments]

    def attach(self, arguments: Sequence[str]) -> int:
        """A command of the app's in the container that serves, which has its environment."""
        live = self.run(["status"]).get("live")
        if not live:
            raise SlipwayError(f"{self.host}: wanted a release that serves, found none; run ./slipway up")
        name = f"{self.facts['site']}-{live['colour']}"
        how = ["--interactive", *(["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else [])]
        return subprocess.run(self.way.engine.command("exec", *how, name, *TOOL, *arguments), check=False).returncode

    def install(self, tool: bytes) -> None:
        facts = json.dumps(self.facts["facts"], indent=1, sort_keys=True).encode()
        for path, data in (("opt/slipway/host.pyz", tool), ("etc/slipway/host.json", facts)):
            place = ROOT / path
            script = f'mkdir -p "{place.parent}" && cat > "{place}.part" && mv "{place}.part" "{place}"'
            done = self.way.run(["sh", "-c", script], data)
            if done.status:
                raise self.way.engine.refused(f"writing {place}", done.err)

    @property
    def _has_data(self) -> bool:
        """Whether its volume is there."""
        return self.way.engine.inspect("volume", self.facts["site"]) is not None

    def kept(self) -> Sequence[Kept]:
        with closing(self.way):  # the network can go
            return super().kept() if self._has_data else []

    def save(self, engine: str, folder: Path, on_event: Callable[[Event], None] | None = None) -> Path | None:
        with closing(self.way):
            return super().save(engine, folder, on_event) if self._has_data else None

    def remove(self, keep_data: bool) -> None:
        """What the plan doesn't have: containers and images of releases. Volumes go with the data,
        once nothing uses them any more."""
        at, site = self.way.engine, self.facts["site"]
        if keep_data:
            with closing(self.way):
                self.leave()
            images = at.run("image", "ls", "--quiet", "--filter", f"label=slipway.site={site}").decode().split()
            at.tried("image", "rm", "--force", *images, self.facts["image"])
        else:
            at.run("volume", "rm", "--force", site, f"{site}-data")


connect = DockerTransport
