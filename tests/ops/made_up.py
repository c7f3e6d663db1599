"""A made-up engine, target and hosts, so that each command's own behaviour shows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from components.deployment import Deployment
from components.deployment.answers import Kept
from components.deployment.on_hosts import HostsDeployment
from components.hosts.site import Site
from ops.engine import Result, Step
from ops.engine.events import Op
from ops.stack import workplace

LIVE = {"release": "aaaabbbbcccc", "colour": "blue", "since": 1767225600.0}
STATUS: dict[str, Any] = {
    "event": "outcome",
    "ok": True,
    "role": "web",
    "address": "127.0.0.1",
    "manager": {"kind": "supervisor", "running": True, "pid": 6, "memory": 20_000_000},
    "live": LIVE,
    "candidate": None,
    "processes": [{"name": "web", "state": "RUNNING", "pid": 7, "uptime": 61, "memory": 52_000_000}],
    "front": {"kind": "nginx", "listen": ["127.0.0.1", 8080]},
    "database": {},
    "disk": {"free": 5_000_000_000, "used": None},
    "data": "/srv/slipway/shop/shared",
    "user": None,
    "generation": 3,
    "maintenance": False,
    "restore": None,
    "problems": [],
    "tls": None,
}
RELEASES: dict[str, Any] = {
    "event": "outcome",
    "ok": True,
    "releases": [
        {
            "id": "aaaabbbbcccc",
            "code": "111122223333",
            "prepared_at": 1767225600.0,
            "live": True,
            "previous": False,
            "size": 9_000_000,
        },
        {"id": "ddddeeeeffff", "code": None, "prepared_at": None, "live": False, "previous": True, "size": None},
    ],
}


def step(op: Op, name: str, parent: str = "", **changes: tuple[Any, Any]) -> Step:
    token = f"pulumi-python:dynamic/components.providers:{name.title()}"
    return Step(op, f"urn:pulumi:dev::slipway::{token}::{name}", token, name, parent, changes, 0.1)


def result(steps: Sequence[Step] = (), ok: bool = True, error: str | None = None) -> Result:
    outputs = {"url": "http://127.0.0.1:8080", "release": "aaaabbbbcccc", "token": "hush"}
    return Result(ok, error, outputs, frozenset({"token"}), tuple(steps))


@dataclass
class Host:
    """A host that answers what the test says."""

    host: str = "local"
    role: str = "web"
    address: str = "127.0.0.1"
    data: Sequence[Kept] = ()
    answers: dict[str, Any] = field(default_factory=lambda: {"status": STATUS, "releases": RELEASES})
    lines: Sequence[str] = ("one", "two")
    removed: list[bool] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    saved: list[tuple[str, list[bool]]] = field(default_factory=list)

    def run(self, arguments: Sequence[str], on_event: object = None) -> dict[str, Any]:
        answer = self.answers[arguments[0]]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    def stream(self, arguments: Sequence[str]) -> Iterator[str]:
        self.asked.append(list(arguments))
        yield from self.lines

    def save(self, engine: str, folder: Path, on_event: object = None) -> Path:
        self.saved.append((engine, self.removed[:]))
        path = folder / f"shop-{self.host}-20260101-000000"
        path.mkdir()
        return path

    def attach(self, arguments: Sequence[str]) -> int:
        self.asked.append(list(arguments))
        return 7

    def kept(self) -> Sequence[Kept]:
        return self.data

    def remove(self, keep_data: bool) -> None:
        self.removed.append(keep_data)


@dataclass
class World:
    """What the commands meet instead of a real project."""

    folder: Path
    plan: Any = field(default_factory=result)
    outcome: Any = field(default_factory=result)
    here: bool = False
    """The target is this machine."""
    there: list[Any] = field(default_factory=list)
    """What the state of the stack holds already."""
    needs: list[Any] = field(default_factory=list)
    foreign: list[Any] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=lambda: [Host()])
    data: Sequence[str] = ()
    database: tuple[str, str] = ("sqlite", "same-host")
    asked: Deployment | None = None
    """What is launched, where it isn't those hosts."""
    calls: list[str] = field(default_factory=list)
    during: Callable[[Any], None] = lambda observer: None
    previewing: Callable[[Any], None] = lambda observer: None

    def deployment(self, settings: object = None, place: object = None) -> Deployment:
        hosts: Any = self.hosts
        store: Any = SimpleNamespace(get=lambda name: None)
        return self.asked or HostsDeployment(Site(store, hosts, "http://127.0.0.1:8080"), launched=hosts)

    def enter(self, call: Any, sealed: bool = False) -> workplace.Workplace:
        app = SimpleNamespace(name="shop", path="./app", module="wsgi:app", requirements=None, data=self.data)
        database = SimpleNamespace(engine=self.database[0], placement=self.database[1])
        settings: Any = SimpleNamespace(target="local", app=app, database=database)
        target: Any = SimpleNamespace(THIS_MACHINE=self.here, needs=lambda settings: self.needs, deployment=self.deployment)
        place: Any = SimpleNamespace(
            folder=self.folder, project="slipway", stack=call.stack, tree=self.folder / ".slipway", last_backups=self.folder
        )
        names: Any = SimpleNamespace(name="slipway", folder=self.folder, secret_keys=frozenset(), salt=None)
        return workplace.Workplace(names, names, settings, target, place)

    def engine(self, project: object, stack: object, observer: Any = None) -> SimpleNamespace:
        def work(verb: str, answer: Callable[[], Any]) -> Callable[[], Any]:
            def run() -> Any:
                self.calls.append(verb)
                (self.previewing if verb == "preview" else self.during)(observer)
                return answer()

            return run

        outcome = lambda: self.outcome  # noqa: E731
        stored = lambda: SimpleNamespace(resources=self.there, outputs=self.outcome.outputs, hidden=["token"])  # noqa: E731
        verbs = {"preview": lambda: self.plan, "up": outcome, "destroy": outcome}
        return SimpleNamespace(state=stored, **{verb: work(verb, answer) for verb, answer in verbs.items()})
