"""review_wanted.py NUMBER: prints `wanted=up` or `wanted=down`, as the pull request is now.

What was true when the event happened doesn't count.
"""

import sys

from github_api import GitHub


def main(number: int) -> None:
    """Wanted as long as it is open and has the label."""
    found = GitHub.of_this_job().get(f"/pulls/{number}")
    labels = [label["name"].casefold() for label in found["labels"]]
    print("wanted=up" if found["state"] == "open" and "review" in labels else "wanted=down")


if __name__ == "__main__":
    main(int(sys.argv[1]))
