"""The plan of another version: of a git ref, recorded by that version's own program, or one that was saved."""

import os
import subprocess
import sys
from pathlib import Path

from pydantic import ValidationError

from components.errors import UsageError
from components.settings.found import one_line, shown
from components.target import AS_IF_IN
from ops.plan.checkout import checked_out
from ops.plan.document import Document
from policy.plan import Plan

_SECONDS = 300


def at_ref(folder: Path, stack: str, ref: str) -> Plan | None:
    """The plan of `stack` at a git ref; None when there was no such stack."""
    with checked_out(folder, ref) as there:
        return _recorded(there, folder, stack, ref) if (there / f"Pulumi.{stack}.yaml").exists() else None


def saved(path: Path, now: Plan) -> Plan:
    """The plan in a file that `plan --json` wrote, for the stack that `now` is of."""
    found = _read(path)
    if (found.project, found.stack) != (now.project, now.stack):
        theirs, ours = (f"stack {shown(one.stack)} of {shown(one.project)}" for one in (found, now))
        raise UsageError(f"--against: {path}: wanted a plan of {ours}, found one of {theirs}; choose it with --stack, or give its own file")
    return found


def _read(path: Path) -> Plan:
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
    try:
        done = subprocess.run(
            command, cwd=there, env=environment, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _no_plan(ref, f"it took longer than {_SECONDS} s") from None
    try:
        return Document.model_validate_json(done.stdout).plan
    except ValueError:
        raise _no_plan(ref, _reason(done.stderr, there)) from None


def _no_plan(ref: str, why: str) -> UsageError:
    advice = "compare with a saved plan instead: --against FILE, or with a ref where `plan` works"
    return UsageError(f"--base: {one_line(ref)}: no plan could be made there ({why}); {advice}")


def _reason(said: str, there: Path) -> str:
    """The first line of an error of Slipway's own; of a wrong usage (a version that has no `plan`) the last one."""
    lines = [line for line in said.splitlines() if line.strip()] or ["it printed no plan"]
    line = next((one for one in lines if one.startswith("slipway: ")), lines[-1])
    return one_line(line.removeprefix("slipway: ").replace(str(there), "."), 400)
