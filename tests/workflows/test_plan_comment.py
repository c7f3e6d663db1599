"""plan_comment.py: one comment, in the right pull request, whatever a fork sends."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from github_server import BOT, State
from workflow_runs import Script

SHA = "a" * 40
HOSTILE = (
    "$(touch owned)",
    "`touch owned`",
    "x;touch owned",
    "a b&head=me:main",
    "::set-output name=x::y",
    "<!-- slipway: plan -->",
    "naïve/ünï#1?x=%2F",
    "--help",
)


def event(branch: str = "feature", sha: str = SHA, owner: str = "fork", repository: int = 2, **more: Any) -> dict[str, Any]:
    source = {"id": repository, "full_name": f"{owner}/shop", "owner": {"login": owner}}
    run = {"id": 5, "event": "pull_request", "head_branch": branch, "head_sha": sha, "head_repository": source}
    return {"workflow_run": {**run, "html_url": "https://github.example/run/5", "pull_requests": [], **more}}


def pull(
    number: int, branch: str = "feature", sha: str = SHA, owner: str = "fork", repository: int = 2, state: str = "open"
) -> dict[str, Any]:
    return {"number": number, "state": state, "labels": [], "head": {"user": owner, "ref": branch, "sha": sha, "repo": {"id": repository}}}


def archive(text: str = "<!-- slipway plan: dev -->\n### `dev`: 1 added\n", name: str = "plan.md") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, text)
    return made.getvalue()


def artifact(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": number, "name": "plan", "expired": False, "size_in_bytes": 100, **more}


@pytest.fixture
def ready(github: State) -> State:
    """One open pull request of a fork, with a plan."""
    github.pulls = [pull(7)]
    github.artifacts = [artifact()]
    github.archive = archive()
    return github


def said(github: State, number: int = 7) -> list[str]:
    return [one["body"] for one in github.comments.get(number, [])]


def test_makes_one_comment_at_first(ready: State, script: Script) -> None:
    done = script("plan_comment.py", event=event())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [(method, path) for method, path, _ in ready.changes] == [("POST", "/issues/7/comments")]
    (body,) = said(ready)
    assert body.startswith("<!-- slipway: plan -->\nPlan of " + SHA)
    assert "### `dev`: 1 added" in body


def test_asks_for_no_more_than_it_needs(ready: State, script: Script) -> None:
    script("plan_comment.py", event=event())
    assert [f"{method} {path}" for method, path in ready.calls] == [
        "GET /repos/me/shop/pulls?state=open&head=fork%3Afeature&per_page=100&page=1",
        "GET /repos/me/shop/actions/runs/5/artifacts?per_page=100&name=plan",
        "GET /repos/me/shop/actions/artifacts/1/zip",
        "GET /repos/me/shop/issues/7/comments?per_page=100&page=1",
        "POST /repos/me/shop/issues/7/comments",
    ]


def test_updates_the_same_one_afterwards(ready: State, script: Script) -> None:
    script("plan_comment.py", event=event())
    ready.archive = archive("### `dev`: nothing changes")
    script("plan_comment.py", event=event())
    assert [(method, path) for method, path, _ in ready.changes] == [("POST", "/issues/7/comments"), ("PATCH", "/issues/comments/101")]
    assert len(said(ready)) == 1
    assert "nothing changes" in said(ready)[0]


def test_says_nothing_twice(ready: State, script: Script) -> None:
    script("plan_comment.py", event=event())
    script("plan_comment.py", event=event())
    assert len(ready.changes) == 1


def test_finds_its_own_behind_hundreds_of_others(ready: State, script: Script) -> None:
    for number in range(250):
        ready.comment(7, f"words {number}", {"login": "somebody", "type": "User"})
    ours = ready.comment(7, "<!-- slipway: plan -->\nold")
    script("plan_comment.py", event=event())
    assert [(method, path) for method, path, _ in ready.changes] == [("PATCH", f"/issues/comments/{ours['id']}")]


@pytest.mark.parametrize(
    ("user", "body"),
    [
        ({"login": "somebody", "type": "User"}, "<!-- slipway: plan -->\nmine"),
        ({"login": "other-app[bot]", "type": "Bot"}, "<!-- slipway: plan -->\nmine"),
        (BOT, "the marker is <!-- slipway: plan -->"),
        (BOT, "words first\n<!-- slipway: plan -->"),
        (BOT, "<!-- slipway: review -->\nanother of ours"),
        (None, "<!-- slipway: plan -->\nof an account that is gone"),
        (BOT, None),
    ],
)
def test_leaves_other_comments_alone(ready: State, script: Script, user: Any, body: Any) -> None:
    ready.comment(7, body, user)
    assert script("plan_comment.py", event=event()).returncode == 0
    assert [(method, path) for method, path, _ in ready.changes] == [("POST", "/issues/7/comments")]


@pytest.mark.parametrize(
    "pulls",
    [
        [],
        [pull(7, state="closed")],
        [pull(7, sha="b" * 40)],
        [pull(7, repository=3)],
        [pull(7, branch="other")],
        [pull(7), pull(8)],
        [{**pull(7), "head": {**pull(7)["head"], "repo": None}}],
    ],
    ids=[
        "none",
        "closed",
        "a newer push",
        "another repository of that owner",
        "another branch",
        "two with one head",
        "a fork that is gone",
    ],
)
def test_says_nothing_where_it_is_not_clear(ready: State, script: Script, pulls: list[dict[str, Any]]) -> None:
    ready.pulls = pulls
    done = script("plan_comment.py", event=event())
    assert done.returncode == 0
    assert done.stdout.startswith("::notice::Not exactly one open pull request")
    assert ready.changes == []


def test_an_answer_that_was_not_filtered(ready: State, script: Script) -> None:
    """What the API does with a filter that it can't read."""
    ready.filters = False
    ready.pulls = [pull(6, branch="other"), pull(7), pull(8, owner="me", repository=1)]
    script("plan_comment.py", event=event())
    assert [path for _, path, _ in ready.changes] == ["/issues/7/comments"]


@pytest.mark.parametrize("more", [{"head_repository": None}, {"head_branch": None}])
def test_an_event_without_its_source(ready: State, script: Script, more: dict[str, Any]) -> None:
    assert script("plan_comment.py", event=event(**more)).returncode == 0
    assert ready.changes == []


def test_does_not_believe_what_else_is_in_the_artifact(ready: State, script: Script) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in ("number", "pr.txt", "../../event.json", "/etc/evil"):
            file.writestr(name, "8")
        file.writestr("plan.md", "pull request: 8\n<!-- slipway: review -->")
    ready.archive = made.getvalue()
    ready.pulls.append(pull(8, branch="other"))
    script("plan_comment.py", event=event())
    assert said(ready)
    assert not said(ready, 8)


@pytest.mark.parametrize("branch", HOSTILE)
def test_hostile_branches(ready: State, script: Script, tmp_path: Path, branch: str) -> None:
    ready.pulls = [pull(7, branch=branch), pull(8, branch="main", owner="me", repository=1)]
    done = script("plan_comment.py", event=event(branch=branch))
    assert (done.returncode, done.stdout) == (0, "")
    assert len(said(ready)) == 1
    assert not said(ready, 8)
    assert [path.name for path in tmp_path.iterdir()] == ["event.json"]


@pytest.mark.parametrize(
    "artifacts",
    [[], [artifact(expired=True)], [artifact(size_in_bytes=6_000_000)], [artifact(name="other")]],
    ids=["none", "expired", "too large", "other name"],
)
def test_says_where_no_plan_is_there(ready: State, script: Script, artifacts: list[dict[str, Any]]) -> None:
    ready.artifacts = artifacts
    assert script("plan_comment.py", event=event()).returncode == 0
    assert "**No plan was made.** [The run](https://github.example/run/5) says why." in said(ready)[0]


def test_a_failed_run_updates_the_comment_too(ready: State, script: Script) -> None:
    script("plan_comment.py", event=event())
    ready.artifacts = []
    script("plan_comment.py", event=event())
    assert len(said(ready)) == 1
    assert "No plan was made" in said(ready)[0]


@pytest.mark.parametrize(
    "content",
    [b"", b"not an archive", archive()[:40], archive(name="other.md"), b"x" * 6_000_000],
    ids=["empty", "no archive", "cut", "without the file", "larger than it said"],
)
def test_a_damaged_artifact(ready: State, script: Script, content: bytes) -> None:
    ready.archive = content
    done = script("plan_comment.py", event=event())
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "No plan was made" in said(ready)[0]


def test_a_bomb_is_cut(ready: State, script: Script) -> None:
    """Before it is in memory: 300 MB that are 0.3 MB as an archive."""
    ready.archive = archive("boom\n" * 60_000_000)
    assert script("plan_comment.py", event=event(), memory=250_000_000).returncode == 0
    assert len(said(ready)[0].encode()) < 65_536


def test_the_newest_of_several_attempts_counts(ready: State, script: Script) -> None:
    ready.artifacts = [artifact(3), artifact(9), artifact(4)]
    script("plan_comment.py", event=event())
    assert ("GET", "/repos/me/shop/actions/artifacts/9/zip") in ready.calls


def test_the_token_stays_with_the_api(ready: State, script: Script) -> None:
    script("plan_comment.py", event=event())
    assert ready.tokens_at_storage == [None]


def test_calls_nobody_and_commands_nothing(ready: State, script: Script) -> None:
    ready.archive = archive("cc @everyone and @org/team\n/approve\n  /lgtm\nname@host\x1b[31m\u202egnp.exe\n")
    script("plan_comment.py", event=event())
    body = said(ready)[0]
    assert "cc @\u200beveryone and @\u200borg/team\n\u200b/approve\n  \u200b/lgtm\nname@\u200bhost[31mgnp.exe" in body


def test_a_long_plan_is_cut_and_closed(ready: State, script: Script) -> None:
    ready.archive = archive("<details>\n\n```text\n" + "ä" * 50 + "\n" + "line of a plan\n" * 10_000 + "```\n</details>\n")
    script("plan_comment.py", event=event())
    body = said(ready)[0]
    assert 59_000 < len(body.encode()) < 65_536
    left = 10_000 - body.count("line of a plan\n") + 2  # with the lines that close
    said_last = f"**{left} more lines are left off.** [The run](https://github.example/run/5) has all of it."
    assert body.endswith(f"line of a plan\n```\n\n</details>\n\n{said_last}")


def test_says_what_the_api_refused(ready: State, script: Script) -> None:
    ready.failing = {"POST": 403}
    done = script("plan_comment.py", event=event())
    assert done.returncode == 1
    assert done.stderr.startswith("POST /issues/7/comments: wanted 2xx, found 403:")
    assert "t0ken" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert json.dumps(ready.changes) == "[]"
