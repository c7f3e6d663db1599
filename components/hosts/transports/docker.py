"""A Docker engine as a host: the host tool in a container that has the tree and the socket."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from components.deployment.answers import Kept
from components.docker import keeper
from components.docker.keeper import ROOT, TOOL, Keeper
from components.errors import SlipwayError
from components.hosts.transport import Event, Launched


class DockerTransport(Launched):
    """The containers of one site."""

    way: Keeper

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts, self.way = facts, keeper.to(facts)
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
