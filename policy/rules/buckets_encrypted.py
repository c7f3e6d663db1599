"""Every bucket says how it is encrypted.

What a cloud does by default can't be seen in a plan and doesn't count.
"""

from collections.abc import Iterator

from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    for bucket in facts.buckets:
        if bucket.encrypted is False:
            yield Problem(bucket.at, "wanted a bucket with encryption set, found none; add its encryption configuration")
