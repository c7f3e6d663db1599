"""newest.py SHA BRANCH: prints `newest=true` for the branch's last commit, else `newest=false`."""

import sys

from github_api import GitHub


def main(sha: str, branch: str) -> None:
    """Runs end in any order: one that waited, or is run again, may be of an old commit."""
    last = GitHub.of_this_job().get(f"/git/ref/heads/{branch}")["object"]["sha"]
    if sha != last:
        print(f"::notice::{branch} has gone on: the run of its last commit launches this one's changes too.", file=sys.stderr)
    print(f"newest={str(sha == last).lower()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
