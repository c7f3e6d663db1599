"""The files of a commit beside the working tree, whatever the repository and the environment are like."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from components.errors import MissingError, UsageError
from ops.plan.base import checked_out

ODD = "shöp 'n\" co"


class Repository:
    """With the project in a folder of its own below."""

    def __init__(self, top: Path) -> None:
        self.top, self.folder = top, top / ODD
        self.folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.write("file", "first\n")
        self.commit()

    def git(self, *words: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "-c", "protocol.file.allow=always")
        subprocess.run(["git", *who, *words], cwd=self.top, check=True, capture_output=True)

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", "state")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    yield Repository(tmp_path / "a repository")
    assert list((tmp_path / "tmp").iterdir()) == []


def first(folder, ref="HEAD"):
    with checked_out(folder, ref) as there:
        return (there / "file").read_bytes()


def test_as_committed(repository):
    repository.write("file", "changed\n")
    repository.git("add", "-A")
    (repository.folder / "file").unlink()
    before = {path: path.stat().st_mtime_ns for path in repository.top.rglob("*")}
    assert first(repository.folder) == b"first\n"
    assert {path: path.stat().st_mtime_ns for path in repository.top.rglob("*")} == before


def test_any_name_of_a_commit(repository):
    repository.git("tag", "-a", "-m", "words", "then")
    repository.write("file", "second\n")
    repository.commit()
    for ref in ("HEAD~1", "then", "main^"):
        assert first(repository.folder, ref) == b"first\n"


def test_it_was_not_there(repository):
    later = repository.top / "later"
    later.mkdir()
    with checked_out(later, "HEAD") as there:
        assert not there.exists()


def test_another_working_tree_a_link_and_a_shallow_clone(repository, tmp_path):
    repository.git("worktree", "add", "-q", str(tmp_path / "other"))
    (tmp_path / "link").symlink_to(repository.folder)
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.top}", str(tmp_path / "shallow"))
    for folder in (tmp_path / "other" / ODD, tmp_path / "link", tmp_path / "shallow" / ODD):
        assert first(folder) == b"first\n"


def test_in_a_hook(repository, monkeypatch):
    """Git names its repository from the folder that the hook runs in, which isn't the project's."""
    for name, value in {"GIT_DIR": ".git", "GIT_INDEX_FILE": ".git/index", "GIT_WORK_TREE": ".", "GIT_PREFIX": ""}.items():
        monkeypatch.setenv(name, value)
    assert first(repository.folder) == b"first\n"


def test_attributes_are_those_of_the_commit(repository):
    repository.write(".gitattributes", "file text eol=crlf\n")
    repository.commit()
    repository.write(".gitattributes", "")
    assert first(repository.folder) == b"first\r\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of somebody else")
def test_somebody_elses_repository(repository, monkeypatch):
    """Where git refuses, it is git that says why."""
    monkeypatch.setenv("HOME", str(repository.top))
    for path in (repository.top, repository.top / ".git"):
        shutil.chown(path, 65534)
    with pytest.raises(UsageError, match=r"fatal: detected dubious ownership in repository at .*; mend that, or compare with a saved plan"):
        first(repository.folder)


def test_a_clone_that_is_not_whole(repository):
    for path in (repository.top / ".git/objects").rglob("*"):
        if (
            path.is_file()
            and subprocess.run(["git", "cat-file", "-t", path.parent.name + path.name], cwd=repository.top, capture_output=True).stdout
            == b"blob\n"
        ):
            path.unlink()
    with pytest.raises(UsageError, match=r"--base: no files of that commit: .*; is the clone whole"):
        first(repository.folder)


def test_without_git(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingError, match="--base: wanted the program git, found none; install it: apt-get install git"):
        first(repository.folder)
