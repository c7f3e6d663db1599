"""Every disk is encrypted, and says so: hosts' disks, disks of their own, the storage of databases.

What an account encrypts by default can't be seen in a plan and doesn't count.
"""

from collections.abc import Iterator

from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    for disk in facts.disks:
        if disk.encrypted is False:
            yield Problem(disk.at, f"wanted encrypted disks, found {disk.label} not true; set it")
