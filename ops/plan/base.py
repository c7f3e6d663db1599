"""The plan of another version: of a git ref, recorded by that version's own program, or one that was saved."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from components.errors import UsageError
from components.settings.found import one_line, shown
from components.target import AS_IF_IN
from ops.plan.document import Document
from policy.plan import Plan

_SECONDS = 300


def at_ref(folder: Path, stack: str, ref: str) -> Plan | None:
    """The plan of `stack` at a git ref; None when there was no such stack. The working tree and git's index aren't touched."""
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if commit is None:
        raise _no_ref(folder, ref)
    prefix = _git(folder, "rev-parse", "--show-prefix") or ""
    with tempfile.TemporaryDirectory(prefix="slipway-plan-") as made:
        there = Path(made).resolve()
        _check_out(folder, commit, there)
        if not (there / prefix / f"Pulumi.{stack}.yaml").exists():
            return None
        return _recorded(there / prefix, folder, stack, ref)


def saved(path: Path) -> Plan:
    """The plan in a file that `plan --json` wrote."""
    try:
        return Document.model_validate_json(path.read_bytes()).plan
    except OSError as error:
        raise UsageError(f"--against: {path} can't be read ({error.strerror}); write one with: ./slipway plan --json > FILE") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        why = one_line(f"{where}: {first['msg']}", 200)
        raise UsageError(f"--against: {path}: wanted what `./slipway plan --json` prints, found another ({why}); save it anew") from None


def _recorded(there: Path, folder: Path, stack: str, ref: str) -> Plan:
    """What the other version's own command line says of itself."""
    command = [sys.executable, "-m", "ops", "--stack", stack, "plan", "--json"]
    environment = {**os.environ, AS_IF_IN: str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=there, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False)
    try:
        return Document.model_validate(json.loads(done.stdout)).plan
    except ValueError:
        advice = "compare with a saved plan instead: --against FILE, or with a ref where `plan` works"
        raise UsageError(f"--base: {ref}: no plan could be made there ({_reason(done.stderr, there)}); {advice}") from None


def _reason(said: str, there: Path) -> str:
    """The first line of an error of Slipway's own; of a wrong usage (a version that has no `plan`) the last one."""
    lines = [line for line in said.splitlines() if line.strip()] or ["it printed no plan"]
    line = next((one for one in lines if one.startswith("slipway: ")), lines[-1])
    return one_line(line.removeprefix("slipway: ").replace(str(there), "."), 400)


def _check_out(folder: Path, commit: str, there: Path) -> None:
    """All files of the commit, by an index of its own beside them."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    index = {"GIT_INDEX_FILE": str(there) + ".index"}
    try:
        for command in (["read-tree", commit], ["checkout-index", "--all", f"--prefix={there}/"]):
            if _git(Path(top or folder), *command, environment=index) is None:
                raise UsageError(f"--base: git {command[0]} failed for {commit}; is the clone whole? Try: git fetch --unshallow")
    finally:
        Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)


def _no_ref(folder: Path, ref: str) -> UsageError:
    if _git(folder, "rev-parse", "--git-dir") is None:
        return UsageError(f"--base: {folder} is in no git repository; compare with a saved plan instead: --against FILE")
    return UsageError(f"--base: wanted a branch, tag or commit of this clone, found {shown(ref)}; fetch it first: git fetch origin")


def _git(folder: Path, *command: str, environment: Mapping[str, str] | None = None) -> str | None:
    """What git printed, without the line's end; None when it failed or isn't there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *command],
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except FileNotFoundError:
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None
