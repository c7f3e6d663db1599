"""Stack files as cases: their config, recorded without anything or with every output answered."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import put_out
import yaml
from google.protobuf import json_format
from planted import PLANTED

from components.errors import SlipwayError
from ops.engine import program
from ops.plan.record import plan_of
from ops.stack.project import Project, Stack
from policy.plan import Plan, Resource

ROOT = Path(__file__).parents[2]


@dataclass
class Recording:
    """A plan, and the registrations as they went over the wire."""

    plan: Plan
    wire: list[dict[str, Any]] = field(default_factory=list)


_RECORDED: dict[tuple[str, bool], Recording] = {}


@dataclass(frozen=True)
class Case:
    """One stack: full keys to plain values."""

    name: str
    config: Mapping[str, Any]

    @property
    def target(self) -> str:
        return str(self.config["slipway:target"])

    def with_(self, changes: Mapping[str, Any]) -> "Case":
        """Another stack: each `changes` key is a dotted path such as `slipway:app.env`."""
        config = copy.deepcopy(dict(self.config))
        for path, value in changes.items():
            *sections, last = path.split(".")
            place = config
            for name in sections:
                place = place.setdefault(name, {})
            place[last] = value
        return Case(self.name, config)

    def recorded(self, answered: bool = False) -> Recording:
        """What `record` gives, made once by each process."""
        key = (text(self.config), answered)
        if key not in _RECORDED:
            _RECORDED[key] = self.record(answered)
        return _RECORDED[key]

    def record(self, answered: bool = False) -> Recording:
        """Runs the program; `answered`: with a value for everything that a cloud would tell."""
        secret = {key for key in self.config if key == "slipway:secretEnv"}
        stack = Stack("dev", self.config, frozenset(secret), None)
        project = Project("slipway", ROOT)
        recorder = _Wire(project.name, stack.name, (ROOT,))
        recorder.answer = _answer if answered else None
        error = program.run(project, stack, recorder, dry=not answered)
        if error is not None:
            raise SlipwayError(error)
        return Recording(plan_of(recorder, {**self.config, **{key: {"secure": "x"} for key in secret}}), recorder.wire)


class _Wire(put_out.Answering):
    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        self.wire: list[dict[str, Any]] = []

    def RegisterResource(self, request: Any, *words: Any) -> Any:  # noqa: N802
        self.wire.append(json_format.MessageToDict(request))
        return super().RegisterResource(request, *words)


def _answer(resource: Resource) -> tuple[str, dict[str, Any]]:
    if resource.type.endswith(":PlatformApp"):
        return f"{resource.name}-id", {"url": "https://shop.platform.example", "addresses": ["shop.platform.example"]}
    if resource.type.startswith("pulumi-python:dynamic"):
        return f"{resource.name}-id", {
            "value": "0" * 64,
            "ok": True,
            "message": "",
            "live": "0" * 12,
            "certificate": "PEM",
            "key": "PEM",
        }
    return f"{resource.name}-id", put_out.outputs(resource.type, resource.name)


def stack_files() -> list[Path]:
    """Every example, and those of the target for tests."""
    return sorted([*(ROOT / "stacks").rglob("*.yaml"), *(ROOT / "tests/conformance/stacks").glob("*.yaml")])


def read(path: Path) -> Case:
    """The case of a stack file."""
    config = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
    names = {*config.get("slipway:secretEnv", {}), "SECRET_KEY"}
    return Case(path.stem, {**config, "slipway:secretEnv": {name: PLANTED.format(name) for name in sorted(names)}})


def text(value: Any) -> str:
    """All of it as one text to look in, the way a document prints it."""
    return json.dumps(value, ensure_ascii=False, default=str)
