"""What a server is given for its first start is within the cloud's limit, in bytes before base64."""

from collections.abc import Iterator

from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    for one in facts.user_data:
        if one.size is not None and one.size > one.limit:
            found = f"{one.size:,} in {one.input}; compress it, or let the host fetch the rest"
            yield Problem(one.at, f"wanted at most {one.limit:,} bytes of user data, found {found}")
