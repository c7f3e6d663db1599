"""A bare server that follows a store on its own disk, as its boot data told it; and what a release can bring it beside code."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from cloud_init import fleet, host_tool, system
from cloud_init.host import contracts
from real_hosts.commands import run
from real_hosts.machine import Machine
from real_hosts.shelf import WEB, Shelf

STORE = "/var/lib/slipway-store"
HOST = "web"


class Follower:
    """The machine with its store, asked from outside and by its own status."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.shelf = Shelf(machine.disk.root / STORE[1:])

    def release(self) -> str:
        """What answers on port 80; empty where nothing does."""
        command = ["curl", "-sS", "--max-time", "2", "-o", "/dev/null", "-w", "%{http_code} %header{x-release-id}"]
        status, _, release = run([*command, f"http://{self.machine.address}/"], check=False).stdout.partition(" ")
        return release if status == "200" else ""

    def serves(self, release: str, timeout: float = 120) -> None:
        self.machine.wait_for(self.release, release.__eq__, timeout)

    def told(self, what: int | str, timeout: float = 60) -> dict[str, Any]:
        """What it leaves in the store."""
        return self.machine.wait_for(lambda: self.shelf.outcome(HOST, what), bool, timeout)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.host_tool("status").splitlines()[-1])
        return found

    def host_tool(self, *words: str) -> str:
        return self.machine.run(["/usr/bin/python3", "-I", "/opt/slipway/host.pyz", *words], check=False).stdout

    def problems(self) -> list[str]:
        return list(self.status()["problems"])

    def roll(self, release: str, elected: str = HOST) -> None:
        """Both phases by hand, as a coordinator does them."""
        before = self.release()
        assert self.told(self.shelf.want(before, release, elected))["phase"] == "prepared"
        assert self.release() == before
        assert self.told(self.shelf.want(release))["phase"] == "live"
        self.serves(release, 10)


def tool_with(**files: str) -> bytes:
    """The present tool with other files in it."""
    stream = io.BytesIO(host_tool.tool())
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(target := io.BytesIO(), "w") as new:
        changed = {name.replace("__", "/") + ".py": text for name, text in files.items()}
        for name in old.namelist():
            new.writestr(name, changed.pop(name, old.read(name)))
        for name, text in changed.items():
            new.writestr(name, text)
    return target.getvalue()


def with_packages(*names: str, servers: fleet.Fleet = WEB) -> Mapping[str, Any]:
    host = contracts.document(system.host_part(servers))
    return {"host": {**host, "packages": {"web": [*host["packages"]["web"], *names]}}}
