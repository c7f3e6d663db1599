"""A commit's files in a folder of their own; the working tree and git's index aren't touched."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from components.errors import MissingError, SlipwayError, UsageError
from components.settings.found import one_line, shown

_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")
"""Say which repository the caller works on, from the caller's folder; here the project's folder says it."""
# Nothing of the user's repository is written for this, and no daemon watches a folder that is soon gone.
_ALONE = ("core.fsmonitor=false", "core.splitIndex=false", "submodule.recurse=false")


@contextmanager
def checked_out(folder: Path, ref: str) -> Iterator[Path]:
    """The folder that `folder` is at a git ref, as long as it is needed; it may not have been there."""
    commit = _commit(folder, ref)
    below = _said(folder, "rev-parse", "--show-prefix")
    with _temporary() as made:
        there = made / "tree"
        there.mkdir()
        settings = [word for one in _ALONE for word in ("-c", one)]
        # By one command that knows where the files go: which attributes hold (ends of lines, filters) is said by the commit's own.
        _said(folder, *settings, f"--work-tree={there}", "read-tree", "--reset", "-u", commit, more={"GIT_INDEX_FILE": str(made / "index")})
        yield there / below


@contextmanager
def _temporary() -> Iterator[Path]:
    try:
        made = TemporaryDirectory(prefix="slipway-plan-")
    except OSError as error:
        raise SlipwayError(f"--base: no temporary folder can be made ({error.strerror}); set TMPDIR to one with room") from None
    with made:
        yield Path(made.name).resolve()


def _commit(folder: Path, ref: str) -> str:
    done = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if done.returncode == 0:
        return done.stdout.strip()
    if done.stderr.strip():
        raise UsageError(f"--base: {folder}: {_first(done.stderr)}; mend that, or compare with a saved plan instead: --against FILE")
    raise UsageError(f"--base: wanted a branch, tag or commit of this clone, found {shown(ref)}; fetch it first: git fetch origin")


def _said(folder: Path, *command: str, more: Mapping[str, str] | None = None) -> str:
    """What git printed, without the line's end."""
    done = _git(folder, *command, more=more)
    if done.returncode:
        raise UsageError(f"--base: no files of that commit: {_first(done.stderr)}; is the clone whole, and room for it in TMPDIR?")
    return done.stdout.removesuffix("\n")


def _git(folder: Path, *command: str, more: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    known = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *command],
            env={**known, **(more or {})},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except FileNotFoundError:
        raise MissingError("--base: wanted the program git, found none; install it: apt-get install git") from None


def _first(said: str) -> str:
    """Git's own words; what follows the first line is advice about other commands."""
    return one_line(next((line for line in said.splitlines() if line.strip()), "git says nothing about why"), 300)
