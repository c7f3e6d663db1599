"""The engine that manages a stack's tree on this machine: two would undo each other's work."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from pulumi.runtime.proto import resource_pb2_grpc
from pulumi.runtime.settings import get_monitor

from cloud_init.host.base.files import read_json, write_json

IN_PROCESS, CLI = "slipway", "pulumi"


@dataclass(frozen=True)
class Owner:
    """An engine, where it keeps its state, and the stack as that engine names it."""

    engine: str
    backend: str
    project: str
    stack: str

    def __str__(self) -> str:
        who = "`./slipway`" if self.engine == IN_PROCESS else f"the Pulumi CLI (backend {self.backend})"
        return f"{who}, project {self.project}, stack {self.stack}"


def current(project: str, stack: str) -> Owner:
    """The engine of this program now: the CLI over gRPC, or the in-process one, an object."""
    return of(CLI if isinstance(get_monitor(), resource_pb2_grpc.ResourceMonitorStub) else IN_PROCESS, project, stack)


def of(engine: str, project: str, stack: str) -> Owner:
    """That engine, as it runs for this person in this folder."""
    return Owner(engine, _backend() if engine == CLI else "this folder", project, stack)


def read(tree: Path) -> Owner | None:
    """The tree's mark, or None."""
    noted = read_json(tree / "owner.json")
    sound = isinstance(noted, dict) and noted.keys() == Owner.__dataclass_fields__.keys()
    return Owner(**noted) if sound else None


def refusal(tree: Path, owner: Owner) -> str | None:
    """Why `owner` may not touch the tree, or None."""
    noted = read(tree)
    if noted is None or noted == owner:
        return None
    way = "`./slipway adopt`, or for the Pulumi CLI here `./slipway adopt --to-pulumi`"
    return f"{tree} is managed by {noted}; go on there, or take it over with {way}"


def adopt(tree: Path, owner: Owner) -> None:
    """Marks the tree as the owner's; servers that are set up at once do so one after the other."""
    tree.mkdir(parents=True, exist_ok=True)
    folder = os.open(tree, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        write_json(tree / "owner.json", asdict(owner))
    finally:
        os.close(folder)


def _backend() -> str:
    if "PULUMI_BACKEND_URL" in os.environ:
        return os.environ["PULUMI_BACKEND_URL"]
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        return str(json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current", "unknown"))
    except (OSError, ValueError):
        return "unknown"
