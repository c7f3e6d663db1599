"""A new image never replaces a server that runs: what names its image is in `ignoreChanges`.

Images are mostly looked up ("the latest"), and the answer changes by itself. So for launch templates: a new one replaces no server
by itself, but an instance refresh does, and what a group adds later would be of another image than the rest.
"""

from collections.abc import Iterator

from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    for image in facts.images:
        if not {image.input, "*"}.intersection(image.at.ignore_changes):
            yield Problem(image.at, f"wanted servers that keep their image, found {image.input} followed; add it to ignore_changes")
