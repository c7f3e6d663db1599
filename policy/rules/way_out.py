"""Every host has a way out: an internet gateway with a public address, or address translation.

Followed from the host's subnets through route tables and routes to gateways, and from address translation to its own subnet. Of a
subnet whose network or routes are set outside the plan nothing is said.
"""

from collections.abc import Iterator

from policy.facts import Facts, Host, Place
from policy.findings import Problem
from policy.plan import Plan


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    for host in facts.hosts:
        for place in host.places:
            found = _missing(host, place)
            if found:
                yield Problem(host.at, f"wanted a way out to the internet, found {found}")


def _missing(host: Host, place: Place) -> str:
    addressed = place.gives_addresses if host.public is None else host.public
    if not place.seen or place.relay or (place.gateway and addressed):
        return ""
    if place.gateway:
        return f"a gateway in {place.at.name} but no public address; give the host one, or route through address translation"
    return f"no route from {place.at.name}; add one to an internet gateway or to address translation"
