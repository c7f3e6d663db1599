"""plan.sh: every stack in one document, whatever becomes of its plan. `./slipway` is a stand-in; test_plan_for_real.py has the real one."""

import subprocess
from pathlib import Path

import pytest
from workflow_runs import SCRIPTS

SLIPWAY = """#!/bin/sh
echo "$*" >>calls
for word in "$@"; do case $word in --stack=*) stack=${word#--stack=} ;; --base=*) base=-with-base ;; esac; done
cat "answers/$stack$base.err" >&2 2>/dev/null
cat "answers/$stack$base" 2>/dev/null || exit 1
exit "$(cat "answers/$stack$base.code" 2>/dev/null || echo 0)"
"""


class Project:
    """A clone with a first commit; what each stack's plan prints is in `answers/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "answers").mkdir()
        (folder / "slipway").write_text(SLIPWAY)
        (folder / "slipway").chmod(0o755)
        self.git("init", "--quiet")
        self.commit()

    def git(self, *words: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        subprocess.run(["git", *identity, *words], cwd=self.folder, check=True, capture_output=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=x")

    def stack(self, name: str, plan: str | None = None, messages: str = "", code: int = 0, base: bool = True) -> None:
        (self.folder / f"Pulumi.{name}.yaml").write_text("config: {}\n")
        answer = self.folder / "answers" / (f"{name}-with-base" if base else name)
        if plan is not None:
            answer.write_text(plan)
        Path(f"{answer}.err").write_text(messages)
        Path(f"{answer}.code").write_text(str(code))

    def plan(self, *stacks: str, base: str = "HEAD") -> tuple[int, str]:
        command = [str(SCRIPTS / "plan.sh"), base, "plan.md", *stacks]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, (self.folder / "plan.md").read_text()

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_every_stack_with_a_file(project: Project) -> None:
    project.stack("dev", "<!-- slipway plan: dev -->\nA\n")
    project.stack("prod", "<!-- slipway plan: prod -->\nB\n")
    (project.folder / "Pulumi.yaml").write_text("name: x\n")
    assert project.plan() == (0, "<!-- slipway plan: dev -->\nA\n\n<!-- slipway plan: prod -->\nB\n\n")
    assert project.calls == [f"plan --stack={name} --base=HEAD --format=markdown" for name in ("dev", "prod")]


def test_chosen_stacks(project: Project) -> None:
    project.stack("dev", "A\n")
    project.stack("prod", "B\n")
    assert project.plan("prod") == (0, "B\n\n")


def test_a_rule_that_is_not_kept_fails_it_and_the_rest_is_said(project: Project) -> None:
    project.stack("dev", "22 is open to the world\n", code=1)
    project.stack("prod", "B\n")
    assert project.plan() == (1, "22 is open to the world\n\nB\n\n")


def test_a_plan_that_fails_is_said_in_its_place(project: Project) -> None:
    project.stack("broken", messages="installing\nslipway: Pulumi.broken.yaml: line 3: wanted a mapping\n```\n</details>\n")
    project.stack("broken", messages="slipway: Pulumi.broken.yaml: line 3: wanted a mapping\n```\n</details>\n", base=False)
    project.stack("prod", "B\n")
    code, document = project.plan()
    assert code == 1
    assert document == (
        "<!-- slipway plan: broken -->\n### `broken`: no plan could be made\n\n"
        "    slipway: Pulumi.broken.yaml: line 3: wanted a mapping\n    ```\n    </details>\n\n\nB\n\n"
    )


def test_a_base_without_a_plan_does_not_fail_what_mends_it(project: Project) -> None:
    project.stack("dev", messages="slipway: --base: no plan could be made there\n")
    project.stack("dev", "<!-- slipway plan: dev -->\nA\n", base=False)
    why = "What `dev` changes could not be found out:\n\n    slipway: --base: no plan could be made there\n\n"
    assert project.plan() == (0, why + "<!-- slipway plan: dev -->\nA\n\n")


def test_nor_does_it_hide_a_rule(project: Project) -> None:
    project.stack("dev", messages="slipway: --base: no plan could be made there\n")
    project.stack("dev", "22 is open\n", code=1, base=False)
    assert project.plan()[0] == 1


def test_a_removed_stack_is_said(project: Project) -> None:
    project.stack("old", "x\n")
    project.commit()
    (project.folder / "Pulumi.old.yaml").unlink()
    project.stack("dev", "A\n")
    code, document = project.plan()
    assert code == 0
    assert document == "A\n\n### `old`: its file is removed\n\nWhat it launched stays until `pulumi destroy --stack old`.\n\n"


def test_no_stack_at_all(project: Project) -> None:
    assert project.plan() == (0, "No stack has a file `Pulumi.STACK.yaml`, so there is nothing to plan.\n")


def test_a_ref_that_is_not_there(project: Project) -> None:
    project.stack("dev", messages="slipway: --base: wanted a branch, tag or commit of this clone\n")
    project.stack("dev", "A\n", base=False)
    code, document = project.plan(base="nowhere")
    assert code == 1
    assert "wanted a branch, tag or commit" in document


@pytest.mark.parametrize("name", ["--> <b>", "$(touch owned)", "`touch owned`", "a b", "-x", "a\nb", "x" * 101])
def test_hostile_names_of_files(project: Project, name: str) -> None:
    project.stack(name, "never\n")
    project.stack("dev", "A\n")
    code, document = project.plan()
    assert code == 1
    assert name not in document
    assert "### A stack with an unusable name" in document
    assert "A\n" in document
    assert len(project.calls) == 1
    assert not (project.folder / "owned").exists()


@pytest.mark.parametrize("name", ["--> <b>", "$(touch owned)", "a\nb"])
def test_hostile_names_of_removed_files(project: Project, name: str) -> None:
    project.stack(name, "x\n")
    project.commit()
    (project.folder / f"Pulumi.{name}.yaml").unlink()
    project.stack("dev", "A\n")
    assert project.plan() == (0, "A\n\n")
    assert not (project.folder / "owned").exists()


def test_nothing_is_left_behind(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    project.stack("dev", "A\n")
    project.plan()
    assert list((tmp_path / "temporary").iterdir()) == []
