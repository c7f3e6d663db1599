"""The plan of another version: recorded by a git ref's own program, or one that was saved."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from components.errors import MissingError, SlipwayError, UsageError, one_line, shown
from components.target import AS_IF_IN
from ops.plan.document import Document
from policy.plan import Plan

_SECONDS = 300
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")
"""Variables that name the caller's repository; here the project's folder says which it is."""
# The user's repository isn't written to, and no daemon watches a folder that is soon gone.
_ALONE = ("core.fsmonitor=false", "core.splitIndex=false", "submodule.recurse=false")


def at_ref(folder: Path, stack: str, ref: str) -> Plan | None:
    """The plan of `stack` at a git ref; None when there was no such stack."""
    with checked_out(folder, ref) as there:
        return _recorded(there, folder, stack, ref) if (there / f"Pulumi.{stack}.yaml").exists() else None


def saved(path: Path, now: Plan) -> Plan:
    """The plan in a file that `plan --json` wrote, for the stack that `now` is of."""
    try:
        found = Document.model_validate_json(path.read_bytes()).plan
    except OSError as error:
        raise UsageError(f"--against: {path} can't be read ({error.strerror}); write one with: ./slipway plan --json > FILE") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        why = one_line(f"{where}: {first['msg']}", 200)
        raise UsageError(f"--against: {path}: wanted what `./slipway plan --json` prints, found another ({why}); save it anew") from None
    if (found.project, found.stack) != (now.project, now.stack):
        theirs, ours = (f"stack {shown(one.stack)} of {shown(one.project)}" for one in (found, now))
        raise UsageError(f"--against: {path}: wanted a plan of {ours}, found one of {theirs}; choose it with --stack, or give its own file")
    return found


def _recorded(there: Path, folder: Path, stack: str, ref: str) -> Plan:
    """What the other version's own command line says of itself."""
    command = [sys.executable, "-m", "ops", "--stack", stack, "plan", "--json"]
    environment = {**os.environ, AS_IF_IN: str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=there, env=environment, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
        return Document.model_validate_json(done.stdout).plan
    except subprocess.TimeoutExpired:
        why = f"it took longer than {_SECONDS} s"
    except ValueError:
        why = _reason(done.stderr, there)
    advice = "compare with a saved plan instead: --against FILE, or with a ref where `plan` works"
    raise UsageError(f"--base: {one_line(ref)}: no plan could be made there ({why}); {advice}")


def _reason(said: str, there: Path) -> str:
    """The first line of an error of Slipway's own; of a wrong usage (no such command) the last."""
    lines = [line for line in said.splitlines() if line.strip()] or ["it printed no plan"]
    line = next((one for one in lines if one.startswith("slipway: ")), lines[-1])
    return one_line(line.removeprefix("slipway: ").replace(str(there), "."), 400)


@contextmanager
def checked_out(folder: Path, ref: str) -> Iterator[Path]:
    """The folder that `folder` is at a git ref, while it is needed; it may not have been there."""

    def unknown(said: str) -> str:
        if said:
            return f"{folder}: {said}; mend that, or compare with a saved plan instead: --against FILE"
        return f"wanted a branch, tag or commit of this clone, found {shown(ref)}; fetch it first: git fetch origin"

    def missing(said: str) -> str:
        return f"no files of that commit: {said or 'git says nothing about why'}; is the clone whole, and room for it in TMPDIR?"

    commit = _git(folder, unknown, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    below = _git(folder, missing, "rev-parse", "--show-prefix")
    settings = [word for one in _ALONE for word in ("-c", one)]
    try:
        made = TemporaryDirectory(prefix="slipway-plan-")
    except OSError as error:
        raise SlipwayError(f"--base: no temporary folder can be made ({error.strerror}); set TMPDIR to one with room") from None
    with made:
        there = Path(made.name).resolve() / "tree"
        there.mkdir()
        # One command that knows where files go: the commit's own attributes (ends of lines) hold.
        index = {"GIT_INDEX_FILE": str(there.with_name("index"))}
        _git(folder, missing, *settings, f"--work-tree={there}", "read-tree", "--reset", "-u", commit, more=index)
        yield there / below


def _git(folder: Path, refused: Callable[[str], str], *command: str, more: Mapping[str, str] | None = None) -> str:
    """What git printed, without the line's end. `refused` makes an error of the first line that it
    complains in: what follows is advice about other commands."""
    known = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        done = subprocess.run(
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
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if line.strip()), "")
        raise UsageError(f"--base: {refused(one_line(said, 300))}")
    return done.stdout.removesuffix("\n")
