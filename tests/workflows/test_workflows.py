"""What the workflows are: well-formed, pinned, allowed no more than they need, and never led by what somebody outside wrote."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import actionlint
import pytest
from github_server import State
from workflow_files import ACTIONS, ROOT, WORKFLOWS, Job, jobs, read, steps
from workflow_runs import Script

TOOLS = Path(sys.executable).parent
READ = {"contents": "read"}
CLOUD = {"contents": "read", "id-token": "write"}
MAY: dict[str, dict[str, str]] = {
    "test/test": READ,
    "plan/plan": READ,
    "comment/comment": {"actions": "read", "contents": "read", "pull-requests": "write"},
    "preview/switched-off": {},
    "preview/preview": CLOUD,
    "up/switched-off": {},
    "up/preview": CLOUD,
    "up/up": CLOUD,
    "review/stack": {**CLOUD, "pull-requests": "read"},
    "review/comment": {"contents": "read", "pull-requests": "write"},
    "drift/switched-off": {},
    "drift/drift": {**CLOUD, "issues": "write"},
}
OF = ("actions/", "pulumi/", "aws-actions/", "google-github-actions/", "aliyun/")
every_job = pytest.mark.parametrize("job", jobs(), ids=lambda job: job.label)
every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def run(*command: str) -> str:
    environment = {**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_actionlint(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With shellcheck over every `run:`."""
    run(actionlint.program(tmp_path_factory), "-shellcheck", str(TOOLS / "shellcheck"), *map(str, WORKFLOWS))


def test_actionlint_would_say(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It is the real one, and asks shellcheck."""
    bad = WORKFLOWS[0].read_text().replace("python3 .github", "cat $HOME; python3 .github").replace("ubuntu-24.04", "ubuntu-1.0")
    (tmp_path / "bad.yml").write_text(bad)
    command = [actionlint.program(tmp_path_factory), "-shellcheck", str(TOOLS / "shellcheck"), str(tmp_path / "bad.yml")]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    assert "SC2086" in said
    assert "ubuntu-1.0" in said


def test_zizmor() -> None:
    found = json.loads(run(str(TOOLS / "zizmor"), "--offline", "--no-progress", "--format=json-v1", ".github"))
    assert found == []


def test_published_schemas() -> None:
    checker = str(TOOLS / "check-jsonschema")
    run(checker, "--builtin-schema", "vendor.github-workflows", *map(str, WORKFLOWS))
    run(checker, "--builtin-schema", "vendor.github-actions", *map(str, ACTIONS))


@every_workflow
def test_nothing_is_allowed_but_by_a_job(path: Path) -> None:
    assert read(path)["permissions"] == {}


@every_job
def test_a_job_may_what_is_written_here(job: Job) -> None:
    assert job.content["permissions"] == MAY[job.label]


@every_job
def test_a_job_ends_in_time(job: Job) -> None:
    assert 0 < job.content["timeout-minutes"] <= 60


@every_job
def test_a_job_names_its_machine(job: Job) -> None:
    assert re.fullmatch(r"ubuntu-\d\d\.04", job.content["runs-on"])


@every_workflow
def test_shells_stop_at_an_error(path: Path) -> None:
    assert read(path)["defaults"]["run"]["shell"] == "bash -euo pipefail {0}"
    assert "shell" not in json.dumps(read(path)["jobs"])


def test_the_shells_of_actions_too() -> None:
    for path in ACTIONS:
        for step in read(path)["runs"]["steps"]:
            assert step.get("shell") == ("bash -euo pipefail {0}" if "run" in step else None)


@every_workflow
def test_triggers(path: Path) -> None:
    wanted = {
        "test": ["push", "pull_request"],
        "plan": ["pull_request"],
        "comment": ["workflow_run"],
        "preview": ["pull_request"],
        "up": ["push", "workflow_dispatch"],
        "review": ["pull_request"],
        "drift": ["schedule", "workflow_dispatch"],
    }
    assert list(read(path)["on"]) == wanted[path.stem]
    assert "pull_request_target" not in path.read_text()


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_actions_of_others_are_pinned(path: Path) -> None:
    for line in path.read_text().splitlines():
        if not (found := re.match(r"\s*(?:- )?uses: (.*)", line)) or found[1].startswith("./.github/actions/"):
            continue
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", found[1])
        assert found[1].startswith(OF)


def test_one_version_of_each_action() -> None:
    used = {step["uses"] for _, step in steps() if "uses" in step}
    names = [one.partition("@")[0] for one in used]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(("where", "step"), [one for one in steps() if "run" in one[1]])
def test_no_expression_is_in_a_script(where: str, step: dict[str, Any]) -> None:
    """Not even harmless ones: what comes through the environment can't be read as a command."""
    assert "${{" not in step["run"]


def test_few_lines_in_a_run() -> None:
    for where, step in steps():
        assert len(step.get("run", "").strip().splitlines()) <= 4, f"{where}: more belongs into .github/scripts"


@pytest.mark.parametrize(("where", "step"), [one for one in steps() if "actions/checkout" in one[1].get("uses", "")])
def test_no_token_is_left_in_a_clone(where: str, step: dict[str, Any]) -> None:
    assert step["with"]["persist-credentials"] is False


def test_secrets_reach_pulumi_alone() -> None:
    for where, step in steps():
        if "secrets." in json.dumps(step):
            assert set(re.findall(r"secrets\.(\w+)", json.dumps(step))) == {"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE"}
            assert re.search(r"\bpulumi (preview|up|stack output)|scripts/(review|drift)\.sh", step["run"]), where
    for job in jobs():
        assert "secrets." not in json.dumps({key: value for key, value in job.content.items() if key != "steps"})


def test_a_token_that_writes_reaches_our_scripts_alone() -> None:
    for where, step in steps():
        if "github.token" in json.dumps(step):
            assert re.match(r"python3 \.github/scripts/\w+\.py\b", step["run"]), where
            assert "secrets." not in json.dumps(step)


def test_what_may_write_in_pull_requests_runs_the_default_branch() -> None:
    """And nothing but its scripts."""
    for job in (job for job in jobs() if job.content["permissions"].get("pull-requests") == "write"):
        checkout, *rest = job.content["steps"]
        assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
        assert checkout["with"]["sparse-checkout"] == ".github/scripts"
        assert all("uses" not in step for step in rest), job.label


def test_what_a_fork_runs_is_given_nothing() -> None:
    """Its job has no environment, no variables, no secret, and its clone no token."""
    text = (ROOT / ".github/workflows/plan.yml").read_text()
    assert not re.search(r"secrets\.|vars[.\b)]|environment:|id-token|github\.token", text)


@every_job
def test_credentials_only_where_trusted(job: Job) -> None:
    """Jobs with credentials for a cloud: on a pull request only of this repository, else only main."""
    if "id-token" not in job.content["permissions"]:
        return
    condition = " ".join([job.content.get("if", ""), *(needed.content.get("if", "") for needed in needs(job))])
    if "pull_request" in read(ROOT / f".github/workflows/{job.workflow}.yml")["on"]:
        assert "github.event.pull_request.head.repo.full_name == github.repository" in condition
    else:
        assert "github.ref == 'refs/heads/main'" in condition
    assert job.content["environment"]


def needs(job: Job) -> list[Job]:
    wanted = job.content.get("needs", [])
    return [one for one in jobs() if one.workflow == job.workflow and one.name in wanted]


def test_what_changes_something_is_never_cut_off() -> None:
    for label in ("up/up", "review/stack"):
        (job,) = (job for job in jobs() if job.label == label)
        assert job.content["concurrency"]["cancel-in-progress"] is False
        assert "${{" in job.content["concurrency"]["group"]


def test_only_the_last_commit_is_launched() -> None:
    """Once it is this run's turn: what asks comes before all that has credentials."""
    (job,) = (job for job in jobs() if job.label == "up/up")
    _, asks, *rest = job.content["steps"]
    assert asks["run"].startswith("python3 .github/scripts/newest.py")
    assert rest
    assert all(step["if"] == f"steps.{asks['id']}.outputs.newest == 'true'" for step in rest)


@pytest.mark.parametrize(
    ("sha", "printed", "said"), [("b" * 40, "newest=true\n", ""), ("a" * 40, "newest=false\n", "::notice::main has gone on")]
)
def test_which_commit_is_the_last(github: State, script: Script, sha: str, printed: str, said: str) -> None:
    github.branches = {"main": "b" * 40}
    done = script("newest.py", sha, "main")
    assert (done.returncode, done.stdout) == (0, printed)
    assert done.stderr.startswith(said)


def test_no_lock_is_taken_away_but_a_review_stack_s() -> None:
    places = [
        path for path in (ROOT / ".github").rglob("*") if path.suffix in (".yml", ".sh", ".py") and "pulumi cancel" in path.read_text()
    ]
    assert [path.name for path in places] == ["review.sh"]


def test_the_cli_is_the_sdk_s_version() -> None:
    (command,) = (step["run"] for _, step in steps() if step.get("id") == "versions")
    printed = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env={**os.environ, "GITHUB_OUTPUT": "/dev/stdout"}, capture_output=True, text=True
    )
    assert re.fullmatch(r"pulumi=\d+\.\d+\.\d+\n", printed.stdout)


def test_googles_file_of_credentials_is_in_no_release() -> None:
    subprocess.run(["git", "check-ignore", "--quiet", "gha-creds-0123456789abcdef.json"], cwd=ROOT, check=True)
