"""docs/ci.md: GitLab's example is one, and every command that it and the workflows name is there."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from workflow_files import ROOT, WORKFLOWS, jobs, read, steps

from ops.cli import app

DOCUMENT = (ROOT / "docs/ci.md").read_text()
GITLAB = re.search(r"<!-- gitlab -->\n```yaml\n(.*?)```\n<!-- /gitlab -->", DOCUMENT, re.DOTALL)[1]  # type: ignore[index]
NOT_JOBS = ("default", "stages", ".cloud")


def commands() -> set[str]:
    """Every `./slipway …` in workflows, actions, scripts and the page; remarks left out."""
    files = [*(ROOT / ".github").rglob("*.yml"), *(ROOT / ".github/scripts").glob("*.sh"), ROOT / "docs/ci.md"]
    lines = [line for path in files for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    found = (re.findall(r"(?:^|[ `])\./slipway ([a-z][^`|#<>]*?)(?=\s*(?:[`|#<>]|2>|$))", line) for line in lines)
    return {command for some in found for command in some}


def options(command: Any) -> set[str]:
    return {word for parameter in command.params for word in parameter.opts}


@pytest.mark.parametrize("line", sorted(commands()))
def test_every_command_is_there(line: str) -> None:
    tree = typer.main.get_command(app)
    name, *words = shlex.split(line)
    command = tree.get_command(typer.Context(tree), name)  # type: ignore[attr-defined]
    assert command, line
    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in options(command) | options(tree), line


def test_commands_were_found() -> None:
    assert {line.split()[0] for line in commands()} >= {"plan", "version", "test"}


def test_gitlab_s_own_schema(tmp_path: Path) -> None:
    (tmp_path / "ci.yml").write_text(GITLAB)
    checker = Path(sys.executable).with_name("check-jsonschema")
    command: list[str | Path] = [checker, "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", tmp_path / "ci.yml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def gitlab() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(GITLAB)
    return {name: job for name, job in loaded.items() if name not in NOT_JOBS}


@pytest.mark.parametrize("name", gitlab())
def test_each_job_of_gitlab(name: str) -> None:
    job = gitlab()[name]
    assert job["stage"] in yaml.safe_load(GITLAB)["stages"]
    assert job["timeout"]
    assert job["rules"]
    cloud = name != "plan"
    assert ("extends" in job, "environment" in job) == (cloud, cloud)
    if cloud and "merge_request" in str(job["rules"]):
        wanted = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID"
        assert all(wanted in rule["if"] for rule in job["rules"] if "merge_request" in rule["if"])


def test_what_changes_something_waits_its_turn_in_gitlab() -> None:
    groups = {name: job["resource_group"] for name, job in gitlab().items() if "resource_group" in job}
    assert groups.keys() == {"up", "review", "stop-review"}
    assert groups["review"] == groups["stop-review"] != groups["up"]


def test_scripts_of_gitlab_are_there_and_clean(tmp_path: Path) -> None:
    lines = [
        line
        for job in [yaml.safe_load(GITLAB)[".cloud"], *gitlab().values()]
        for line in job.get("before_script", []) + job.get("script", [])
    ]
    for name in re.findall(r"\.github/scripts/[\w.]+", "\n".join(lines)):
        assert (ROOT / name).exists()
    (tmp_path / "all.sh").write_text("#!/usr/bin/env bash\n" + "\n".join(line.removeprefix("exec ") for line in lines) + "\n")
    checked = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), "--exclude=SC2155", tmp_path / "all.sh"], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


def test_gitlab_calls_pulumi_as_the_workflows_do() -> None:
    def calls(lines: Iterable[str]) -> set[str]:
        return {re.sub(r"(--stack)[ =].*", r"\1", line) for line in lines if re.match(r"exec pulumi", line)}

    ours = calls(step.get("run", "") for _, step in steps())
    assert len(ours) == 2
    assert calls(line for job in gitlab().values() for line in job["script"]) == ours


def test_the_image_has_the_sdk_s_version() -> None:
    sdk = re.search(r"^pulumi==([\d.]+)", (ROOT / "requirements/base.in").read_text(), re.MULTILINE)
    assert sdk
    assert yaml.safe_load(GITLAB)["default"]["image"]["name"].endswith(f":{sdk[1]}")


def test_every_workflow_and_variable_is_told() -> None:
    for path in WORKFLOWS:
        assert f"`{path.name}`" in DOCUMENT
    used = " ".join(path.read_text() for path in (ROOT / ".github").rglob("*.yml"))
    names = set(re.findall(r"(?:vars|secrets|fromJSON\(inputs\.variables\))\.(\w+)", used))
    assert len(names) > 6
    assert [name for name in names if f"`{name}`" not in DOCUMENT] == []


def test_environments_that_are_told() -> None:
    found = {job.content["environment"] for job in jobs() if "environment" in job.content}
    assert found == {"preview", "review", "${{ matrix.stack }}"}


def test_every_script_is_used() -> None:
    used = " ".join(
        [*(step.get("run", "") for _, step in steps()), *(path.read_text() for path in (ROOT / ".github/scripts").glob("*.py"))]
    )
    for path in (ROOT / ".github/scripts").iterdir():
        if path.is_file():
            assert path.name in used or re.search(rf"^from {path.stem} import", used, re.MULTILINE), path.name


def test_the_comment_follows_the_plan_by_its_name() -> None:
    comment = read(ROOT / ".github/workflows/comment.yml")
    assert comment["on"]["workflow_run"]["workflows"] == [read(ROOT / ".github/workflows/plan.yml")["name"]]
