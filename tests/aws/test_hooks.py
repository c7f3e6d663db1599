"""hooks.py beside Pulumi.yaml: the last word on what a target asks for."""

import shutil
from pathlib import Path

import cases
import pytest
import yaml

from ops.engine import program
from ops.plan.record import Recorder, plan_of
from ops.stack.project import Project, Stack
from policy.plan import Plan

_HOOKS = """
import pulumi

def transform(args):
    if args.type_ == "aws:ec2/instance:Instance":
        return pulumi.ResourceTransformationResult({**args.props, "monitoring": True}, args.opts)
"""


def run(folder: Path, hooks: str) -> tuple[Plan, str | None]:
    """The plan of a project with that file, as `./slipway plan` records it; both engines run the program so."""
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(cases.ROOT / name, folder)
    shutil.copytree(cases.ROOT / "app", folder / "app")
    (folder / "hooks.py").write_text(hooks, encoding="utf-8")
    config = yaml.safe_load((Path(__file__).parent / "stacks/small.yaml").read_text(encoding="utf-8"))["config"]
    recorder = Recorder("slipway", "dev", (folder,))
    error = program.run(Project("slipway", folder), Stack("dev", config, frozenset(), None), recorder, dry=True)
    return plan_of(recorder, config), error


def test_a_transformation_changes_what_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan, error = run(tmp_path, _HOOKS)
    assert error is None
    (server,) = plan.of("aws:ec2/instance:Instance")
    assert server.inputs["monitoring"] is True
    assert not [one for one in plan.resources if "monitoring" in one.inputs and one is not server]


def test_a_file_without_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan, error = run(tmp_path, "transfrom = None\n")
    assert error == "hooks.py: wanted a function transform(args), found none; write one, or remove the file"
    assert not [one for one in plan.resources if one.kind == "resource"]
