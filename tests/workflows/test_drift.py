"""drift.sh tells drift from trouble; drift_issue.py keeps one issue for each stack."""

from pathlib import Path

import pytest
from github_server import State
from workflow_runs import Pulumi, Script

FOUND = " ~ aws:ec2:Instance web update [diff: ~tags]\n```\n@everyone </details>\n"


@pytest.mark.parametrize(("pulumi_says", "wanted"), [(0, 0), (7, 2), (1, 1), (3, 1), (255, 1)])
def test_what_pulumi_says(pulumi: Pulumi, tmp_path: Path, pulumi_says: int, wanted: int) -> None:
    pulumi.answers(preview=pulumi_says)
    done = pulumi.run("drift.sh", "prod", str(tmp_path / "drift.txt"))
    assert done.returncode == wanted
    assert (tmp_path / "drift.txt").read_text() == "preview said\npreview complained\n"
    assert pulumi.calls == [
        "preview --refresh --expect-no-changes --non-interactive --color=never --suppress-progress --suppress-outputs --stack=prod"
    ]


@pytest.fixture
def drifted(tmp_path: Path) -> str:
    (tmp_path / "drift.txt").write_text(FOUND)
    return "drift.txt"


def test_opens_one_issue(github: State, script: Script, drifted: str) -> None:
    assert script("drift_issue.py", "prod", "2", drifted).returncode == 0
    assert [(method, path) for method, path, _ in github.changes] == [("POST", "/issues")]
    body = github.changes[0][2]
    assert body["title"] == "Drift: prod is not what main says"
    assert body["body"].startswith("<!-- slipway: drift prod -->\nWhat runs as `prod` differs")
    # indented as a whole: neither the fence nor the tag ends the block
    assert "\n     ~ aws:ec2:Instance web update [diff: ~tags]\n    ```\n    @\u200beveryone </details>" in body["body"]


def test_updates_it(github: State, script: Script, drifted: str) -> None:
    script("drift_issue.py", "prod", "2", drifted)
    script("drift_issue.py", "prod", "2", drifted)
    assert [(method, path) for method, path, _ in github.changes] == [("POST", "/issues"), ("PATCH", "/issues/101")]
    assert len(github.issues) == 1


def test_closes_it_and_opens_another_later(github: State, script: Script, drifted: str) -> None:
    script("drift_issue.py", "prod", "2", drifted)
    script("drift_issue.py", "prod", "0", drifted)
    assert [(method, path) for method, path, _ in github.changes[1:]] == [("POST", "/issues/101/comments"), ("PATCH", "/issues/101")]
    assert github.changes[2][2] == {"state": "closed", "state_reason": "completed"}
    script("drift_issue.py", "prod", "2", drifted)
    assert github.changes[-1][:2] == ("POST", "/issues")


def test_without_drift_nothing_is_said(github: State, script: Script, drifted: str) -> None:
    assert script("drift_issue.py", "prod", "0", drifted).returncode == 0
    assert github.changes == []


def test_each_stack_has_its_own(github: State, script: Script, drifted: str) -> None:
    script("drift_issue.py", "prod", "2", drifted)
    script("drift_issue.py", "production", "2", drifted)
    script("drift_issue.py", "prod", "0", drifted)
    assert [one["state"] for one in github.issues] == ["closed", "open"]


def test_others_with_the_marker_are_left_alone(github: State, script: Script, drifted: str) -> None:
    github.issue("mine", "<!-- slipway: drift prod -->\n", {"login": "somebody", "type": "User"})
    github.issue("a pull request", "<!-- slipway: drift prod -->\n", pull_request={})
    script("drift_issue.py", "prod", "0", drifted)
    assert github.changes == []
    script("drift_issue.py", "prod", "2", drifted)
    assert [(method, path) for method, path, _ in github.changes] == [("POST", "/issues")]


def test_much_drift_fits_an_issue(github: State, script: Script, tmp_path: Path) -> None:
    (tmp_path / "drift.txt").write_bytes(b" ~ aws:ec2:Instance web\xff update\n" * 10_000)
    assert script("drift_issue.py", "prod", "2", "drift.txt").returncode == 0
    assert len(github.issues[0]["body"].encode()) < 65_536
    assert github.issues[0]["body"].endswith("The rest is in [the run](https://github.example/me/shop/actions/runs/77).")
