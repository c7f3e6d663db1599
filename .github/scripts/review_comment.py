"""review_comment.py NUMBER up|down RESULT URL: says in a comment what became of a review stack."""

import os
import re
import sys

from comments import put
from fit import fit
from github_api import GitHub

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?")


def main(number: int, wanted: str, result: str, url: str) -> None:
    """A stack that never was needs no word about its end."""
    put(GitHub.of_this_job(), number, "review", fit(_text(number, wanted, result, url), ""), make=(wanted, result) != ("down", "success"))


def _text(number: int, wanted: str, result: str, url: str) -> str:
    run = f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}/actions/runs/{os.environ['GITHUB_RUN_ID']}"
    stack = f"The review stack `pr-{number}`"
    if result != "success":
        what = "could not be removed: what is left of it still costs" if wanted == "down" else "could not be launched"
        return f"{stack} {what}. [The run]({run}) says why; run it again when that is mended."
    if wanted == "down":
        return f"{stack} is removed."
    return f"{stack} serves at {url if _ADDRESS.fullmatch(url) else 'an address that its output `url` should say'} ([run]({run}))."


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
