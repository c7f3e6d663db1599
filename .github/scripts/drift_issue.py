"""drift_issue.py STACK CODE FILE: one open issue while a stack drifts (CODE 2), none at CODE 0.

FILE is what drift.sh wrote.
"""

import os
import sys
from pathlib import Path

from comments import is_ours, marker
from fit import fit
from github_api import BOT, GitHub


def main(stack: str, code: str, file: str) -> None:
    """Opens, updates or closes it."""
    hub, about = GitHub.of_this_job(), f"drift {stack}"
    issues = (one for one in hub.pages("/issues", state="open", creator=BOT) if "pull_request" not in one)
    there = next((one for one in issues if is_ours(one, about)), None)
    run = f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}/actions/runs/{os.environ['GITHUB_RUN_ID']}"
    if code == "2":
        body = f"{marker(about)}\n{_text(stack, Path(file).read_text(encoding='utf-8', errors='replace'), run)}"
        if there:
            hub.send("PATCH", f"/issues/{int(there['number'])}", {"body": body})
        else:
            hub.send("POST", "/issues", {"title": f"Drift: {stack} is not what main says", "body": body})
    elif there:
        hub.send("POST", f"/issues/{int(there['number'])}/comments", {"body": f"Nothing differs any more ([run]({run}))."})
        hub.send("PATCH", f"/issues/{int(there['number'])}", {"state": "closed", "state_reason": "completed"})


def _text(stack: str, found: str, run: str) -> str:
    says = (
        f"What runs as `{stack}` differs from what main says: somebody changed it by hand, or what landed last isn't launched yet. "
        f"`pulumi up` makes it main's again. This issue closes by itself when nothing differs ([run]({run})).\n\n"
    )
    block = "\n".join(f"    {line}" for line in found.splitlines())
    return says + fit(block, f"The rest is in [the run]({run}).")


if __name__ == "__main__":
    main(*sys.argv[1:])
