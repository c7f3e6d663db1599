"""A project in a folder of its own, whose one provider keeps its things in files."""

import os
import sys
from pathlib import Path

import pytest

from ops.engine import Engine, Event
from ops.stack.project import load_project, load_stack

PROVIDER = """
import os
from pathlib import Path
import pulumi.dynamic as dynamic

FOLDER = Path(os.environ["THINGS"])

class ThingProvider(dynamic.ResourceProvider):
    serialize_as_secret_always = False

    def check(self, olds, news):
        failures = [dynamic.CheckFailure("size", "wanted under 100")] if news.get("size") == 100 else []
        return dynamic.CheckResult(news, failures)

    def diff(self, id, olds, news):
        changed = [key for key in ("size", "kind", "note") if olds.get(key) != news.get(key)]
        return dynamic.DiffResult(changes=bool(changed), replaces=["kind"] if "kind" in changed else [])

    def create(self, props):
        if props.get("size") == 13:
            raise RuntimeError("thirteen is refused")
        if props.get("size") == 66:
            os.kill(os.getpid(), 9)
        number = len(list(FOLDER.iterdir()))
        name = f"{props['kind']}-{number}"
        (FOLDER / name).write_text(str(props.get("size")))
        return dynamic.CreateResult(name, self.outs(name, props))

    def update(self, id, olds, news):
        (FOLDER / id).write_text(str(news.get("size")))
        return dynamic.UpdateResult(self.outs(id, news))

    def delete(self, id, props):
        (FOLDER / id).unlink()
        with open(FOLDER.parent / "deleted", "a") as file:
            file.write(id + "\\n")

    def outs(self, name, props):
        return {**{key: props.get(key) for key in ("size", "kind", "note")}, "made": name}

class Thing(dynamic.Resource, module="test", name="Thing"):
    def __init__(self, name, size=1, kind="a", note=None, opts=None):
        super().__init__(ThingProvider(), name, {"size": size, "kind": kind, "note": note, "made": None}, opts)
"""


class Sandbox:
    """The project: its program is set, then run."""

    def __init__(self, folder: Path, module: str) -> None:
        self.folder, self.module = folder, module
        self.things = folder / "things"
        self.things.mkdir()
        self.events: list[Event] = []
        (folder / "Pulumi.yaml").write_text("name: trial\nruntime: python\n")
        (folder / "Pulumi.dev.yaml").write_text("config: {}\n")
        (folder / f"{module}.py").write_text(PROVIDER)

    def program(self, text: str) -> "Sandbox":
        header = f"import pulumi\nfrom pulumi import ResourceOptions as O\nfrom {self.module} import Thing\n"
        (self.folder / "__main__.py").write_text(header + text)
        return self

    def engine(self) -> Engine:
        project = load_project(self.folder)
        return Engine(project, load_stack(project, "dev"), self.events.append)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.things.iterdir())

    @property
    def state_file(self) -> Path:
        return self.folder / ".slipway/dev/state.json"


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    module = f"trial_{os.getpid()}_{abs(hash(tmp_path)) % 10**8}"
    made = Sandbox(tmp_path, module)
    monkeypatch.setenv("THINGS", str(made.things))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return made
