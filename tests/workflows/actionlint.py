"""The real actionlint: the one on PATH, else built from its Go module."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

_MODULE = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
_SECONDS = 300


def program(temporary: pytest.TempPathFactory) -> str:
    """Its path. Built once, beside the folders of all workers and runs; skips where neither it nor Go can be had."""
    if found := shutil.which("actionlint"):
        return found
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin:/usr/lib/go/bin")
    if go is None:
        pytest.skip("actionlint is not on PATH, and there is no Go to build it with")
    folder = temporary.getbasetemp().parent / _MODULE.rpartition("/")[2]
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "actionlint").exists():
            _build(go, folder)
    return str(folder / "actionlint")


def _build(go: str, folder: Path) -> None:
    environment = {**os.environ, "GOBIN": str(folder), "GOFLAGS": "-modcacherw"}
    done = subprocess.run([go, "install", _MODULE], env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        pytest.skip(f"actionlint is not on PATH and can't be built: {done.stderr.strip().splitlines()[-1:]}")
