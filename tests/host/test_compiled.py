"""The host tool's start: from its compiled copy where there is a whole one of these very bytes that nobody else may write; with the
library that its store needs."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from cloud_init import host_tool
from cloud_init.host import compiled
from cloud_init.host.__main__ import copy_of, library, trusted


class Tool:
    """A host tool in a folder of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(host_tool.tool())

    @property
    def copy(self) -> Path:
        return Path(copy_of(str(self.path)))

    def ran_from(self, python: str = sys.executable, **how: Any) -> str:
        """Where its command line was read from: the copy, or the tool."""
        done = subprocess.run([python, "-I", "-c", _RUN, str(self.path)], capture_output=True, text=True, check=True, **how)
        return {self.copy: "copy", self.path: "tool"}[Path(done.stdout.splitlines()[-1]).parents[1]]


# As Python runs a zip, and then asked.
_RUN = """
import runpy, sys
sys.argv = [sys.argv[1], "--help"]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit:
    print(sys.modules["host.cli"].__file__)
"""


_IMPORT = """
import runpy, sys
sys.argv = [sys.argv[1], "--help"]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit:
    import speaks_to_a_bucket, json
    print(speaks_to_a_bucket.__file__, json.__name__, hasattr(json, "loads"))
"""


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    made = Tool(tmp_path / "host.pyz")
    tmp_path.chmod(0o755)
    return made


def test_it_runs_from_its_copy_once_there_is_one(tool: Tool) -> None:
    assert tool.ran_from() == "tool"
    compiled.make(tool.path)
    assert tool.ran_from() == "copy"
    assert tool.ran_from(cwd=tool.path.parent) == "copy"
    before = tool.copy.stat().st_mtime_ns
    compiled.make(tool.path)
    assert tool.copy.stat().st_mtime_ns == before


@pytest.mark.parametrize("copied", [False, True])
def test_whatever_python_runs_it_finds_the_library_of_its_store(tool: Tool, copied: bool) -> None:
    """Which never takes the place of what Python has itself."""
    place = Path(library(str(tool.path)))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tool.path.with_name("store"))], check=True)
    assert place.is_dir()
    for name in ("speaks_to_a_bucket", "json"):
        (place / f"{name}.py").write_text("")
    if copied:
        compiled.make(tool.path)
    done = subprocess.run([sys.executable, "-I", "-c", _IMPORT, str(tool.path)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"{place}/speaks_to_a_bucket.py json True"


def test_a_copy_of_other_bytes_is_never_run(tool: Tool) -> None:
    compiled.make(tool.path)
    tool.path.write_bytes(tool.path.read_bytes() + b"\n")
    assert tool.ran_from() == "tool"


@pytest.mark.parametrize("how", ["others may write it", "a link", "a folder", "another one's"])
def test_a_copy_that_somebody_else_may_have_made_is_never_run(tool: Tool, how: str) -> None:
    compiled.make(tool.path)
    copy = tool.copy
    if how == "others may write it":
        copy.chmod(0o646)
    elif how == "another one's":
        if os.geteuid():
            pytest.skip("wanted root")
        os.chown(copy, 65534, -1)
    else:
        kept = copy.rename(copy.with_name("kept"))
        copy.symlink_to(kept) if how == "a link" else copy.mkdir()
    assert not trusted(str(copy), str(tool.path))
    assert tool.ran_from() == "tool"


def test_what_is_killed_as_it_writes_leaves_nothing_that_is_run(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def kill(descriptor: int) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", kill)
        with pytest.raises(Killed):
            compiled.make(tool.path)
    assert not tool.copy.exists()
    assert tool.ran_from() == "tool"
    compiled.make(tool.path)
    assert tool.ran_from() == "copy"


def test_two_copies_stay(tool: Tool) -> None:
    for number in range(4):
        tool.path.write_bytes(host_tool.tool() + b"\n" * number)
        compiled.make(tool.path)
        os.utime(tool.copy, (number, number))
    assert len(list(tool.copy.parent.iterdir())) == 2
    assert tool.ran_from() == "copy"


def test_where_it_cannot_be_written_it_is_told_and_all_works(tool: Tool, capsys: pytest.CaptureFixture[str]) -> None:
    tool.copy.parent.write_text("in the way")
    compiled.make(tool.path)
    assert "compiled anew" in capsys.readouterr().out
    assert tool.ran_from() == "tool"


@pytest.mark.skipif(os.geteuid() != 0, reason="wanted root")
def test_the_app_runs_the_copy_of_root_and_can_make_none() -> None:
    nobody: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
    python = "/usr/bin/python3"
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        Path(folder, "opt/slipway").mkdir(parents=True)
        tool = Tool(Path(folder, "opt/slipway/host.pyz"))
        make = [python, "-I", str(tool.path), "--root", folder, "compile"]
        assert subprocess.run(make, check=False, capture_output=True, **nobody).returncode == 0
        assert not tool.path.with_name("compiled").exists()
        subprocess.run(make, check=True)
        copies = [path.name for path in tool.path.with_name("compiled").iterdir()]
        assert len(copies) == 1
        done = subprocess.run([python, "-I", "-c", _RUN, str(tool.path)], check=True, capture_output=True, text=True, **nobody)
        assert f"/compiled/{copies[0]}/host/cli" in done.stdout


def test_the_copy_has_all_that_the_tool_has(tool: Tool) -> None:
    """Its sources too: where something unforeseen happens, the line is told."""
    compiled.make(tool.path)
    with zipfile.ZipFile(tool.path) as one, zipfile.ZipFile(tool.copy) as other:
        assert set(one.namelist()) < set(other.namelist())
        assert {name: one.read(name) for name in one.namelist()} == {name: other.read(name) for name in one.namelist()}
        assert "host/cli.pyc" in other.namelist()
