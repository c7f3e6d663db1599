"""The repository's own scripts, run as a workflow runs them: as programs, with the runner's environment."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from github_server import REPOSITORY, State, serving
from workflow_runs import SCRIPTS, Pulumi, Script


@pytest.fixture
def github() -> State:
    """What the repository on the server holds."""
    return State()


@pytest.fixture
def script(github: State, tmp_path: Path) -> Iterator[Script]:
    """Runs one of the Python scripts with an event, against the server."""

    def run(name: str, *words: str, event: dict[str, Any] | None = None, memory: int = 0) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "event.json").write_text(json.dumps(event))
        environment = {
            "PATH": "/usr/bin:/bin",
            "GITHUB_API_URL": url,
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": "77",
            "GITHUB_TOKEN": "t0ken",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        }
        limit = ["prlimit", f"--as={memory}"] if memory else []
        command = [*limit, sys.executable, str(SCRIPTS / name), *words]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    with serving(github) as url:
        yield run


@pytest.fixture
def pulumi(tmp_path: Path) -> Pulumi:
    return Pulumi(tmp_path)
