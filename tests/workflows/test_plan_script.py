"""plan.sh: every stack in one document, whatever becomes of its plan. `./slipway` and the Python of its environment are stand-ins;
test_plan_for_real.py has the real ones."""

import subprocess
from pathlib import Path

import pytest
from workflow_runs import SCRIPTS

SLIPWAY = """#!/bin/sh
echo "$*" >>calls
[ "$1" != version ] || exit 0
for word in "$@"; do
    case $word in
        --stack=*) stack=${word#--stack=} ;;
        --against=*) compared=-compared && cp "${word#--against=}" compared-with ;;
    esac
done
cat "answers/$stack$compared.err" >&2 2>/dev/null
cat "answers/$stack$compared" 2>/dev/null || exit 1
exit "$(cat "answers/$stack$compared.code" 2>/dev/null || echo 0)"
"""
PYTHON = """#!/bin/sh
cd "${0%/.venv/*}/answers" || exit 9
echo "$SLIPWAY_AS_IF_IN $* in $OLDPWD: $(cat "$OLDPWD/version")" >>../base-calls
cat base.err >&2 2>/dev/null
cat base
exit "$(cat base.code 2>/dev/null || echo 0)"
"""


class Project:
    """A clone with a first commit, which has the stack `dev`; what each stack's plan prints is in `answers/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "answers").mkdir()
        (folder / "slipway").write_text(SLIPWAY)
        (folder / "slipway").chmod(0o755)
        (folder / ".venv/bin").mkdir(parents=True)
        (folder / ".venv/bin/python").write_text(PYTHON)
        (folder / ".venv/bin/python").chmod(0o755)
        (folder / ".gitignore").write_text("/*\n!/Pulumi.*\n!/version\n")
        (folder / "version").write_text("the base's")
        (folder / "Pulumi.dev.yaml").write_text("config: {}\n")
        self.base("{}\n")
        self.git("init", "--quiet")
        self.commit()
        (folder / "version").write_text("the change's")

    def git(self, *words: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        return subprocess.run(["git", *identity, *words], cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=x")

    def stack(self, name: str, plan: str | None = None, messages: str = "", code: int = 0, compared: bool = False) -> None:
        """What `plan` of a stack prints, alone or compared with what the base printed."""
        (self.folder / f"Pulumi.{name}.yaml").write_text("config: {}\n")
        answer = self.folder / "answers" / (f"{name}-compared" if compared else name)
        if plan is not None:
            answer.write_text(plan)
        Path(f"{answer}.err").write_text(messages)
        Path(f"{answer}.code").write_text(str(code))

    def base(self, plan: str, messages: str = "", code: int = 0) -> None:
        """What each stack's plan by the base's code prints."""
        for name, text in {"base": plan, "base.err": messages, "base.code": str(code)}.items():
            (self.folder / "answers" / name).write_text(text)

    def plan(self, *stacks: str, base: str = "HEAD") -> tuple[int, str]:
        command = [str(SCRIPTS / "plan.sh"), base, "plan.md", *stacks]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, (self.folder / "plan.md").read_text()

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


NEW = "`prod` is new: the base has no such stack.\n\n"
WHY = "What `dev` changes could not be found out:\n\n"


def test_every_stack_with_a_file(project: Project) -> None:
    project.stack("dev", "<!-- slipway plan: dev -->\nA\n", compared=True)
    project.stack("prod", "<!-- slipway plan: prod -->\nB\n")
    (project.folder / "Pulumi.yaml").write_text("name: x\n")
    assert project.plan() == (0, f"<!-- slipway plan: dev -->\nA\n\n{NEW}<!-- slipway plan: prod -->\nB\n\n")
    *_, dev, prod = project.calls
    assert dev.startswith("plan --stack=dev --against=")
    assert prod == "plan --stack=prod --format=markdown"


def test_it_is_compared_with_what_the_code_of_the_base_prints(project: Project) -> None:
    """In a folder of its own, with the environment of the change, as if it were in the folder of the change; named after its commit."""
    project.base('{"the": "base"}\n', messages="the program says a word\n", code=1)  # it breaks a rule
    project.stack("dev", "A\n", compared=True)
    assert project.plan() == (0, "A\n\n")
    assert (project.folder / "compared-with").read_text() == '{"the": "base"}\n'
    assert project.calls[-1].endswith(f"/{project.git('rev-parse', 'HEAD').strip()} --format=markdown")
    (call,) = (project.folder / "base-calls").read_text().splitlines()
    assert call.startswith(f"{project.folder} -m ops --stack=dev plan --json in /")
    assert call.endswith("/base: the base's")
    assert f" in {project.folder}" not in call


def test_chosen_stacks(project: Project) -> None:
    project.stack("dev", "A\n")
    project.stack("prod", "B\n")
    assert project.plan("prod") == (0, f"{NEW}B\n\n")


def test_a_rule_that_is_not_kept_fails_it_and_the_rest_is_said(project: Project) -> None:
    project.stack("dev", "22 is open to the world\n", code=1, compared=True)
    project.stack("prod", "B\n")
    assert project.plan() == (1, f"22 is open to the world\n\n{NEW}B\n\n")


def test_a_plan_that_fails_is_said_in_its_place(project: Project) -> None:
    why = "slipway: Pulumi.dev.yaml: line 3: wanted a mapping\n```\n</details>\n"
    project.stack("dev", messages=f"installing\n{why}", compared=True)
    project.stack("dev", messages=why)
    project.stack("prod", "B\n")
    code, document = project.plan()
    assert code == 1
    assert document == (
        "<!-- slipway plan: dev -->\n### `dev`: no plan could be made\n\n"
        f"    slipway: Pulumi.dev.yaml: line 3: wanted a mapping\n    ```\n    </details>\n\n\n{NEW}B\n\n"
    )


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("Error: No such command 'plan'.\n", "    Error: No such command 'plan'.\n"),
        ("slipway: ValueError: no\n```\n</details>\n", "    slipway: ValueError: no\n    ```\n    </details>\n"),
        ("", "    plan.sh: the base printed no plan, or took too long\n"),
    ],
)
def test_a_base_without_a_plan_does_not_fail_what_mends_it(project: Project, printed: str, said: str) -> None:
    project.base("", messages=printed, code=2)
    project.stack("dev", "<!-- slipway plan: dev -->\nA\n")
    assert project.plan() == (0, f"{WHY}{said}\n<!-- slipway plan: dev -->\nA\n\n")


def test_nor_does_one_whose_plan_is_no_plan_for_us(project: Project) -> None:
    """A plan of another Slipway: `--against` refuses it."""
    project.stack("dev", messages="slipway: --against: wanted what `./slipway plan --json` prints\n", compared=True)
    project.stack("dev", "A\n")
    assert project.plan() == (0, f"{WHY}    slipway: --against: wanted what `./slipway plan --json` prints\n\nA\n\n")


def test_nor_does_it_hide_a_rule(project: Project) -> None:
    project.base("", messages="slipway: no\n", code=1)
    project.stack("dev", "22 is open\n", code=1)
    assert project.plan()[0] == 1


def test_in_a_folder_of_a_repository(project: Project, tmp_path: Path) -> None:
    """The project may be a part of what is versioned, with its app elsewhere in it."""
    (project.folder / ".git").rename(tmp_path / ".git")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/wsgi.py").write_text("the app")
    (project.folder / "version").unlink()
    (project.folder / "version").symlink_to("../shop/wsgi.py")
    project.git("add", "-A", str(tmp_path))
    project.commit()
    project.stack("dev", "A\n", compared=True)
    (project.folder / "Pulumi.old.yaml").touch()
    project.commit()
    (project.folder / "Pulumi.old.yaml").unlink()
    code, document = project.plan()
    assert code == 0
    assert document.startswith("A\n\n### `old`: its file is removed\n")
    (call,) = (project.folder / "base-calls").read_text().splitlines()
    assert call.endswith("/base/project: the app")


def test_a_removed_stack_is_said(project: Project) -> None:
    project.stack("old", "x\n")
    project.commit()
    (project.folder / "Pulumi.old.yaml").unlink()
    project.stack("dev", "A\n", compared=True)
    code, document = project.plan()
    assert code == 0
    assert document == "A\n\n### `old`: its file is removed\n\nWhat it launched stays until `pulumi destroy --stack old`.\n\n"


def test_no_stack_at_all(project: Project) -> None:
    (project.folder / "Pulumi.dev.yaml").unlink()
    project.commit()
    assert project.plan() == (0, "No stack has a file `Pulumi.STACK.yaml`, so there is nothing to plan.\n")


@pytest.mark.parametrize("base", ["nowhere", "--output=x"])
def test_a_ref_that_is_not_there(project: Project, base: str) -> None:
    project.stack("dev", "A\n")
    code, document = project.plan(base=base)
    assert code == 1
    said = f"plan.sh: wanted a commit that is whole in this clone, found {base}; fetch it first: git fetch origin"
    assert document == f"{WHY}    fatal: Needed a single revision\n    {said}\n\nA\n\n"


def test_a_clone_that_is_not_whole(project: Project) -> None:
    project.stack("dev", "A\n")
    blob = project.git("rev-parse", "HEAD:version").strip()
    (project.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    code, document = project.plan()
    assert code == 0
    assert document.startswith(f"{WHY}    error: unable to read ")
    assert blob in document
    assert document.endswith("fetch it first: git fetch origin\n\nA\n\n")
    assert project.git("worktree", "list").count("\n") == 1


@pytest.mark.parametrize("name", ["--> <b>", "$(touch owned)", "`touch owned`", "a b", "-x", "a\nb", "x" * 101])
def test_hostile_names_of_files(project: Project, name: str) -> None:
    project.stack(name, "never\n")
    project.stack("dev", "A\n", compared=True)
    code, document = project.plan()
    assert code == 1
    assert name not in document
    assert "### A stack with an unusable name" in document
    assert "A\n" in document
    assert len(project.calls) == 2
    assert not (project.folder / "owned").exists()


@pytest.mark.parametrize("name", ["--> <b>", "$(touch owned)", "a\nb"])
def test_hostile_names_of_removed_files(project: Project, name: str) -> None:
    project.stack(name, "x\n")
    project.commit()
    (project.folder / f"Pulumi.{name}.yaml").unlink()
    project.stack("dev", "A\n", compared=True)
    assert project.plan() == (0, "A\n\n")
    assert not (project.folder / "owned").exists()


def test_nothing_is_left_behind(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    project.stack("dev", "A\n", compared=True)
    before = project.git("status", "--porcelain")
    project.plan()
    assert list((tmp_path / "temporary").iterdir()) == []
    assert project.git("worktree", "list").count("\n") == 1
    assert project.git("status", "--porcelain") == before
