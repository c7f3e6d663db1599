"""The engine that manages a stack's tree on this machine, and the folder that it was launched in.

Two engines would undo each other's work, and a copy would act on what runs elsewhere."""

import fcntl
import json
import os
import pwd
from dataclasses import asdict, dataclass
from pathlib import Path

from pulumi.runtime.proto import resource_pb2_grpc
from pulumi.runtime.settings import get_monitor

from cloud_init.host.base.files import read_object, write_json

IN_PROCESS, CLI = "slipway", "pulumi"
_MARK = "owner.json"


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
    noted = read_object(tree / _MARK)
    names = Owner.__dataclass_fields__
    return Owner(**{name: noted[name] for name in names}) if names.keys() <= noted.keys() else None


def origin(tree: Path) -> Path | None:
    """The tree that the mark names where that is another folder: this one was copied or moved.

    Only trees that an app runs in name theirs, and none did before 0049."""
    noted = str(read_object(tree / _MARK).get("tree") or tree)
    return None if _same(Path(noted), tree) else Path(noted)


def is_launched(tree: Path) -> bool:
    """Whether that very folder has a mark, neither copied nor moved there; so has somebody else's
    that can't be looked into."""
    try:
        return read(tree) is not None and origin(tree) is None
    except PermissionError:
        return True


def elsewhere(tree: Path) -> str:
    """Why nothing may be changed from a tree that was copied or moved; empty: it was not."""
    noted = origin(tree)
    if noted is None:
        return ""
    if is_launched(noted):
        way = f"mv .slipway/{tree.name} .slipway/{tree.name}-copied"
        return f"{tree} is a copy of {noted}, which the app runs in; go on there, or start anew here: {way}"
    mark = read(tree)
    way = f"./slipway -s {tree.name} adopt{' --to-pulumi' if mark and mark.engine == CLI else ''}"
    return f"{tree} was launched as {noted}, and moved; move it back, or make it whole here: {way}"


def here(noted: str) -> Path:
    """The tree of this project folder for the one that a state notes."""
    return Path.cwd() / ".slipway" / Path(noted).name


def astray(noted: str) -> str:
    """Why what a state has of that tree isn't this folder's to change; empty: it is this one, or
    was moved here and adopted."""
    tree = here(noted)
    why = elsewhere(tree)
    if why or _same(Path(noted), tree) or (is_launched(tree) and not is_launched(Path(noted))):
        return why
    way = f"go on there; if it is gone for good: ./slipway -s {tree.name} adopt --to-pulumi"
    return f"{tree}: wanted the folder that the stack was launched in, which is {noted}; {way}"


def refusal(tree: Path, owner: Owner) -> str | None:
    """Why `owner` may not touch the tree, or None."""
    noted = read(tree)
    if noted is None or noted == owner:
        return elsewhere(tree) or None
    way = "`./slipway adopt`, or for the Pulumi CLI here `./slipway adopt --to-pulumi`"
    return f"{tree} is managed by {noted}; go on there, or take it over with {way}"


def adopt(tree: Path, owner: Owner, launched: bool = False) -> None:
    """Marks the tree as the owner's; servers that are set up at once do so one after the other.
    `launched`: the app runs in it, unless the mark before says so."""
    tree.mkdir(parents=True, exist_ok=True)
    folder = os.open(tree, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        place = {"tree": str(tree)} if launched or "tree" in read_object(tree / _MARK) else {}
        write_json(tree / _MARK, {**asdict(owner), **place})
    finally:
        os.close(folder)


def _same(one: Path, other: Path) -> bool:
    """By another name too: a link, or a folder that is mounted twice."""
    return one == other or (os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other))


def _backend() -> str:
    if "PULUMI_BACKEND_URL" in os.environ:
        return os.environ["PULUMI_BACKEND_URL"]
    # The CLI asks the system for a person's home, whatever HOME says.
    home = Path(os.environ.get("PULUMI_HOME") or Path(pwd.getpwuid(os.getuid()).pw_dir, ".pulumi"))
    try:
        return str(json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current", "unknown"))
    except (OSError, ValueError):
        return "unknown"
