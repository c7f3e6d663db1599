"""A review stack: what is wanted by now, launched and removed also after a cut, and said in one comment."""

import re
from typing import Any

import pytest
from github_server import State
from workflow_runs import Pulumi, Script

UP = [
    "stack select --non-interactive --create pr-12",
    "config set --non-interactive slipway:keepData false --stack=pr-12",
    "config set --non-interactive slipway:lastSnapshot false --stack=pr-12",
    "cancel --yes --stack=pr-12",
    "refresh --non-interactive --yes --skip-preview --clear-pending-creates --stack=pr-12",
    "up --non-interactive --yes --skip-preview --stack=pr-12",
]
DOWN = [
    "stack select --non-interactive pr-12",
    *UP[3:5],
    "destroy --non-interactive --yes --skip-preview --ignore-protect --remove --stack=pr-12",
]


@pytest.mark.parametrize(
    ("state", "labels", "wanted"),
    [
        ("open", ["review"], "up"),
        ("open", ["bug", "Review"], "up"),
        ("open", [], "down"),
        ("open", ["review\nwanted=up", "reviewed", "$(id)"], "down"),
        ("closed", ["review"], "down"),
    ],
)
def test_what_is_wanted(github: State, script: Script, state: str, labels: list[str], wanted: str) -> None:
    github.pulls = [{"number": 12, "state": state, "labels": [{"name": name} for name in labels]}]
    done = script("review_wanted.py", "12")
    assert (done.returncode, done.stdout) == (0, f"wanted={wanted}\n")


@pytest.fixture
def templated(pulumi: Pulumi) -> Pulumi:
    (pulumi.folder / "Pulumi.review.yaml").write_text("encryptionsalt: v1:x\nconfig: {slipway:target: local}\n")
    return pulumi


def test_launches(templated: Pulumi) -> None:
    assert templated.run("review.sh", "up", "12").returncode == 0
    assert templated.calls == UP
    copied = (templated.folder / "Pulumi.pr-12.yaml").read_text()
    assert copied == (templated.folder / "Pulumi.review.yaml").read_text()


def test_removes(templated: Pulumi) -> None:
    assert templated.run("review.sh", "down", "12").returncode == 0
    assert templated.calls == DOWN


def test_nothing_to_cancel_is_well(templated: Pulumi) -> None:
    templated.answers(cancel=1)
    assert templated.run("review.sh", "up", "12").returncode == 0
    assert templated.calls == UP


def test_what_cannot_be_refreshed_is_removed_all_the_same(templated: Pulumi) -> None:
    templated.answers(refresh=1)
    assert templated.run("review.sh", "down", "12").returncode == 0
    assert templated.calls == DOWN


def test_nor_is_anything_launched_on_it(templated: Pulumi) -> None:
    templated.answers(refresh=1)
    assert templated.run("review.sh", "up", "12").returncode == 1
    assert templated.calls == UP[:5]


def test_a_stack_that_never_was(templated: Pulumi) -> None:
    templated.answers(stack=6)
    assert templated.run("review.sh", "down", "12").returncode == 0
    assert templated.calls == DOWN[:1]


def test_a_backend_that_does_not_answer_is_no_missing_stack(templated: Pulumi) -> None:
    templated.answers(stack=3)
    assert templated.run("review.sh", "down", "12").returncode == 3
    assert templated.calls == DOWN[:1]


@pytest.mark.parametrize("command", ["up", "destroy"])
def test_a_failure_is_told(templated: Pulumi, command: str) -> None:
    templated.answers(**{command: 4})
    assert templated.run("review.sh", {"up": "up", "destroy": "down"}[command], "12").returncode == 4


def test_without_a_template(pulumi: Pulumi) -> None:
    done = pulumi.run("review.sh", "up", "12")
    assert (done.returncode, pulumi.calls) == (2, [])
    assert "Pulumi.review.yaml is missing" in done.stderr
    assert pulumi.run("review.sh", "down", "12").returncode == 0  # what is there must go all the same
    assert pulumi.calls == DOWN


@pytest.mark.parametrize(("wanted", "number"), [("up", "12;id"), ("up", ""), ("up", "../12"), ("up", "012"), ("down", "-1"), ("", "12")])
def test_wrong_words(templated: Pulumi, wanted: str, number: str) -> None:
    assert templated.run("review.sh", wanted, number).returncode == 2
    assert templated.calls == []


def test_the_signal_of_a_cancelled_job_reaches_pulumi(templated: Pulumi) -> None:
    """The runner signals the process that it started, nothing below it."""
    templated.waits_in("up")
    running = templated.start("review.sh", "up", "12")
    templated.waiting(running)
    running.terminate()
    assert running.wait(20) == 42
    assert templated.calls[-1] == "ended in order"


def said(github: State, script: Script, *words: str) -> list[str]:
    done = script("review_comment.py", "12", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return [one["body"] for one in github.comments.get(12, [])]


def test_one_comment_through_its_life(github: State, script: Script) -> None:
    assert (
        "`pr-12` serves at https://pr-12.example ([run](https://github.example/me/shop/actions/runs/77))."
        in (said(github, script, "up", "success", "https://pr-12.example")[0])
    )
    assert "could not be launched" in said(github, script, "up", "failure", "")[0]
    assert "could not be removed" in said(github, script, "down", "cancelled", "")[0]
    bodies = said(github, script, "down", "success", "")
    assert bodies == ["<!-- slipway: review -->\nThe review stack `pr-12` is removed."]
    assert [method for method, _, _ in github.changes] == ["POST", "PATCH", "PATCH", "PATCH"]


def test_no_word_about_a_stack_that_never_was(github: State, script: Script) -> None:
    assert said(github, script, "down", "success", "") == []


def test_a_run_that_failed_before_it_knew(github: State, script: Script) -> None:
    assert "could not be launched" in said(github, script, "", "failure", "")[0]


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "https://x.example/](https://evil.example", "https://x @everyone", "http://x\n/approve"]
)
def test_only_an_address_is_shown_as_one(github: State, script: Script, url: Any) -> None:
    (body,) = said(github, script, "up", "success", url)
    assert "an address that its output `url` should say" in body
    assert not re.search(r"evil|alert|everyone|approve", body)


def test_the_plan_comment_is_another_one(github: State, script: Script) -> None:
    github.comment(12, "<!-- slipway: plan -->\nThe plan")
    assert said(github, script, "up", "success", "http://pr.example:8080/")[0] == "<!-- slipway: plan -->\nThe plan"
    assert len(github.comments[12]) == 2
