"""plan.yml as GitHub runs it: a shallow clone of the merge, the step's own command, the real program, the base's too."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workflow_files import ROOT, steps

pytestmark = pytest.mark.cost
SECRET = "v1:c2VjcmV0:planted"


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


class Origin:
    """This project as it is here, pushed to a bare repository; its environment is the tests' own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clone, self.runner = folder, folder / "clone", folder / "runner"
        git(folder, "init", "--quiet", "--bare", "origin.git")
        git(folder, "clone", "--quiet", "origin.git", "clone")
        listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
        for name in (name for name in listed.split("\0") if name and (ROOT / name).exists()):
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self.clone / name)
        (self.clone / "slipway").write_text(f'#!/bin/sh\nexec {sys.executable} -m ops "$@"\n')
        self.commit()
        git(self.clone, "push", "--quiet", "origin", "HEAD:main")

    def commit(self) -> None:
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--message=x")

    def pull_request(self) -> None:
        """GitHub's ref: the merge into the base, here at the time of the push."""
        git(self.clone, "checkout", "--quiet", "-b", "change")
        self.commit()
        git(self.clone, "checkout", "--quiet", "--detach", "origin/main")
        git(self.clone, "merge", "--quiet", "--no-ff", "--message=merge", "change")
        git(self.clone, "push", "--quiet", "origin", "HEAD:refs/pull/1/merge")

    def planned(self) -> tuple[int, str]:
        """What the workflow's checkout and its step leave."""
        (checkout,) = (step for where, step in steps() if where == "plan/plan" and "actions/checkout" in step.get("uses", ""))
        (command,) = (step["run"] for where, step in steps() if where == "plan/plan" and "plan.sh" in step.get("run", ""))
        self.runner.mkdir()
        git(self.runner, "init", "--quiet")
        depth = f"--depth={checkout['with']['fetch-depth']}"
        git(self.runner, "fetch", "--quiet", depth, f"file://{self.folder}/origin.git", "refs/pull/1/merge")
        git(self.runner, "checkout", "--quiet", "FETCH_HEAD")
        (self.runner / ".venv").symlink_to(sys.prefix)
        shell = ["bash", "-euo", "pipefail", "-c", command]
        # A runner's environment, without a home of ours or anything that could be a credential.
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"}
        done = subprocess.run(shell, cwd=self.runner, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert git(self.runner, "worktree", "list").count("\n") == 0
        assert git(self.runner, "status", "--porcelain") == "?? plan.md"
        return done.returncode, (self.runner / "plan.md").read_text()


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path)


def change(origin: Origin, old: str, new: str) -> None:
    file = origin.clone / "Pulumi.dev.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.family("the plan of a pull request")
def test_a_changed_setting(origin: Origin) -> None:
    change(origin, "port: 8080", "port: 8090")
    origin.pull_request()
    code, document = origin.planned()
    assert code == 0, document
    assert document.startswith("<!-- slipway plan: dev -->\n")
    assert "slipway:local.port" in document
    assert "8080" in document
    assert "8090" in document
    assert f"\nCompared with {git(origin.runner, 'rev-parse', 'HEAD^1')}\n" in document


def test_a_new_stack_with_a_secret_that_nobody_can_decrypt(origin: Origin) -> None:
    text = (origin.clone / "Pulumi.dev.yaml").read_text()
    (origin.clone / "Pulumi.staging.yaml").write_text(f"{text}  slipway:secretEnv:\n    TOKEN:\n      secure: {SECRET}\n")
    origin.pull_request()
    code, document = origin.planned()
    assert code == 0, document
    assert document.count("<!-- slipway plan: ") == 2
    assert "`staging` is new: the base has no such stack.\n\n<!-- slipway plan: staging -->\n" in document
    assert document.count("Compared with") == 1
    assert SECRET not in document
    assert SECRET.split(":")[1] not in document


def test_settings_that_are_wrong(origin: Origin) -> None:
    change(origin, "port: 8080", "port: eighty")
    origin.pull_request()
    code, document = origin.planned()
    assert code == 1
    assert document.startswith("<!-- slipway plan: dev -->\n### `dev`: no plan could be made\n\n    slipway: ")
    assert "slipway:local.port" in document
    assert "Traceback" not in document


def test_a_base_whose_program_fails(origin: Origin) -> None:
    program = origin.clone / "__main__.py"
    text = program.read_text()
    program.write_text(f"raise ValueError('then')\n{text}")
    origin.commit()
    git(origin.clone, "push", "--quiet", "origin", "HEAD:main")
    program.write_text(text)
    origin.pull_request()
    code, document = origin.planned()
    assert code == 0, document
    why = "What `dev` changes could not be found out:\n\n    slipway: ValueError: then (__main__.py:1); mend the program\n\n"
    assert document.startswith(f"{why}<!-- slipway plan: dev -->\n")
    assert "Compared with" not in document
