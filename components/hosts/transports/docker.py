"""A Docker engine as a host: the host tool in a container that has the tree and the socket."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from components.deployment.answers import Kept
from components.docker import keeper
from components.docker.keeper import ROOT, TOOL
from components.errors import SlipwayError
from components.hosts import last_backup
from components.hosts.transport import Event, outcome


class DockerTransport:
    """The containers of one site."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts, self.keeper = facts, keeper.to(facts)
        self.host, self.role, self.address = str(facts["host"]), "web", facts["address"]

    @property
    def is_hidden(self) -> bool:
        """Whether its port is another machine's own, which nobody here can ask."""
        return self.address == "127.0.0.1" and not self.keeper.engine.is_here

    def run(self, arguments: Sequence[str], on_event: Callable[[Event], None] | None = None) -> dict[str, Any]:
        process = self.keeper.start(*TOOL, *arguments)
        out, errors = process.stdout, process.stderr
        assert out is not None
        assert errors is not None
        lines = (line.decode(errors="replace") for line in out)
        return outcome(self.host, lines, arguments, on_event, lambda: (errors.read().decode(errors="replace"), process.wait()))

    def stream(self, arguments: Sequence[str]) -> Iterator[str]:
        process = self.keeper.start(*TOOL, *arguments)
        assert process.stdout is not None
        try:
            for line in process.stdout:
                yield line.decode(errors="replace").rstrip("\n")
        finally:
            process.terminate()
            process.wait()

    def attach(self, arguments: Sequence[str]) -> int:
        """A command of the app's in the container that serves, which has its environment."""
        live = self.run(["status"]).get("live")
        if not live:
            raise SlipwayError(f"{self.host}: wanted a release that serves, found none; run ./slipway up")
        name = f"{self.facts['site']}-{live['colour']}"
        how = ["--interactive", *(["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else [])]
        return subprocess.run(self.keeper.engine.command("exec", *how, name, *TOOL, *arguments), check=False).returncode

    def install(self, tool: bytes) -> None:
        facts = json.dumps(self.facts["facts"], indent=1, sort_keys=True).encode()
        for path, data in (("opt/slipway/host.pyz", tool), ("etc/slipway/host.json", facts)):
            place = ROOT / path
            script = f'mkdir -p "{place.parent}" && cat > "{place}.part" && mv "{place}.part" "{place}"'
            done = subprocess.run(self.keeper.command("sh", "-c", script), input=data, capture_output=True, check=False)
            if done.returncode:
                raise self.keeper.engine.refused(f"writing {place}", done.stderr.decode(errors="replace"))

    @property
    def _has_data(self) -> bool:
        """Whether its volume is there."""
        return self.keeper.engine.inspect("volume", self.facts["site"]) is not None

    def kept(self) -> list[Kept]:
        if not self._has_data:
            return []
        try:
            found = self.run(["kept"]).get("kept") or []
        finally:
            self.keeper.close()  # the network can go
        return [Kept(f"{self.facts['site']}:{one['path']}", int(one["bytes"])) for one in found]

    def save(self, engine: str, folder: Path, on_event: Callable[[Event], None] | None = None) -> Path | None:
        if not self._has_data:
            return None
        done = self.run(["backup", "--own", "--reason", last_backup.REASON, "--engine", engine], on_event)

        def copy(command: Sequence[str], file: IO[bytes]) -> None:
            subprocess.run(self.keeper.command(*command), stdin=subprocess.DEVNULL, stdout=file, check=False)

        try:
            return last_backup.fetched(folder, self.host, done, copy)
        finally:
            self.keeper.close()  # the network can go

    def remove(self, keep_data: bool) -> None:
        """What the plan doesn't have: containers and images of releases. Volumes go with the data,
        once nothing uses them any more."""
        at, site = self.keeper.engine, self.facts["site"]
        if keep_data:
            done = self.run(["leave"])
            self.keeper.close()
            if not done["ok"]:
                raise SlipwayError(f"{self.host}, {done.get('step') or 'leave'}: {done['message']}")
            images = at.run("image", "ls", "--quiet", "--filter", f"label=slipway.site={site}").decode().split()
            at.tried("image", "rm", "--force", *images, self.facts["image"])
        else:
            at.run("volume", "rm", "--force", site, f"{site}-data")


connect = DockerTransport
