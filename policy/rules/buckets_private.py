"""No bucket can be made public, by lists of access, by policies or by mistake."""

from collections.abc import Iterator

from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    for bucket in facts.buckets:
        if bucket.openness:
            yield Problem(bucket.at, f"wanted a bucket closed to the public, found {', '.join(bucket.openness)}; block all public access")
