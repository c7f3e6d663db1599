"""The metadata service answers only who brings a token, one network hop away.

More hops let what runs in containers, or behind a proxy that can be tricked, ask for the host's credentials.
"""

from collections.abc import Iterator

from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    for one in facts.metadata:
        if one.token_wanted is False:
            yield Problem(one.at, "wanted a metadata service that asks for a token, found none required; require it")
        if one.hops is not None and one.hops != 1:
            found = one.hops or "no limit set"
            yield Problem(one.at, f"wanted answers of the metadata service to go 1 hop, found {found}; set the hop limit to 1")
