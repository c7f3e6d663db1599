"""Puts the plan that a run of plan.yml made into a comment.

The plan comes from a pull request's code, possibly a fork's: it is text to be shown, and nothing
that it says is believed. Which pull request it is about follows from the event alone.
"""

import io
import json
import os
import sys
import zipfile
import zlib
from typing import Any

from comments import put
from fit import fit
from github_api import GitHub

_ARTIFACT, _FILE = "plan", "plan.md"
_ARCHIVE, _TEXT = 5_000_000, 2_000_000  # bytes
_DAMAGED = (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError, NotImplementedError)


def main() -> None:
    """The event is in the file that the runner names."""
    with open(os.environ["GITHUB_EVENT_PATH"], encoding="utf-8") as file:
        run = json.load(file)["workflow_run"]
    hub = GitHub.of_this_job()
    number = pull_request(hub, run)
    if number is None:
        # No name of a branch here: what a runner prints can be a command to it.
        print("::notice::Not exactly one open pull request has this commit as its last: nothing is said.")
        return
    where = f"[The run]({run['html_url']}) has all of it."
    text = plan(hub, int(run["id"])) or f"**No plan was made.** [The run]({run['html_url']}) says why."
    head = f"Plan of {run['head_sha']}, made by the code of this pull request without credentials. {where}\n\n"
    put(hub, number, "plan", head + fit(text, where))


def pull_request(hub: GitHub, run: dict[str, Any]) -> int | None:
    """The open pull request of this run's repository, branch and commit; None unless it is one."""
    source = run.get("head_repository") or {}
    branch = run.get("head_branch")
    if not source or not branch:
        return None
    listed = hub.pages("/pulls", state="open", head=f"{source['owner']['login']}:{branch}")
    found = [one["number"] for one in listed if _is_of(one["head"], source, run)]
    return int(found[0]) if len(found) == 1 else None


def _is_of(head: dict[str, Any], source: dict[str, Any], run: dict[str, Any]) -> bool:
    same_repository = (head.get("repo") or {}).get("id") == source["id"]
    return bool(same_repository and head["ref"] == run["head_branch"] and head["sha"] == run["head_sha"])


def plan(hub: GitHub, run: int) -> str:
    """What the run left, never unpacked to disk; empty where it is nothing, too much, or wrong."""
    listed = hub.get(f"/actions/runs/{run}/artifacts?per_page=100&name={_ARTIFACT}")["artifacts"]
    usable = [one for one in listed if one["name"] == _ARTIFACT and not one["expired"] and one["size_in_bytes"] <= _ARCHIVE]
    if not usable:
        return ""
    newest = max(usable, key=lambda one: int(one["id"]))
    archive = hub.download(f"/actions/artifacts/{int(newest['id'])}/zip", _ARCHIVE)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files, files.open(_FILE) as file:
            return file.read(_TEXT).decode(errors="replace").strip()
    except _DAMAGED as error:
        print(f"The artifact can't be read: {type(error).__name__}", file=sys.stderr)
        return ""


if __name__ == "__main__":
    main()
