"""A copy of the project in a git repository of its own, with the target for tests as one more file in components/targets/."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import interpreter

ROOT = Path(__file__).parents[2]
_PARTS = ("components", "cloud_init", "ops", "policy", "app", "requirements", "Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py", ".gitignore")
_CONFORMANCE = ROOT / "tests/conformance"
SECRET_LINES = 'encryptionsalt: "v1:none"\n'


class Copy:
    """`folder`: the project; `run` gives what the command line did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for name in _PARTS:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "instance", ".venv", ".*cache"))
            else:
                shutil.copy(ROOT / name, folder / name)
        shutil.copy(_CONFORMANCE / "targets/example_aws.py", folder / "components/targets/example_aws.py")
        shutil.copy(_CONFORMANCE / "stacks/example-aws.yaml", folder / "Pulumi.aws.yaml")
        self.git("init", "-q", "-b", "main")
        self.commit()

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        return subprocess.run(["git", *who, *words], cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", "state")

    def edit(self, file: str, old: str, new: str) -> None:
        """Changes a file where `old` stands."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, *words: str, env: Mapping[str, str] | None = None, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        """`./slipway WORDS` with next to nothing in the environment: no credentials, no passphrase, no home. `before`: as a process that
        is started so."""
        known = {name: os.environ[name] for name in ("PATH", "PYTHONDONTWRITEBYTECODE") if name in os.environ}
        environment = {**known, "HOME": str(self.folder / "nowhere"), **(env or {})}
        if not before:
            return interpreter.shared().run(*words, folder=self.folder, environment=environment)
        command = [*before, sys.executable, "-m", "ops", *words]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120, check=False)

    def document(self, *words: str) -> dict[str, Any]:
        """What `plan --json` prints."""
        done = self.run("plan", "--json", *words)
        assert done.returncode in (0, 1), done.stderr
        return dict(json.loads(done.stdout))
