"""Only the firewalls of hosts may reach a database, never ranges of addresses.

A database's firewall is that of one which the cloud runs, or any that opens a port of databases by itself: there a host of the stack
runs one.
"""

from collections.abc import Iterator

from policy.facts import DATABASE_PORTS, Facts
from policy.findings import Problem
from policy.plan import Plan
from policy.values import NOT_KNOWN, shown


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    guards = {urn for database in facts.databases for urn in database.firewalls}
    web = {urn for host in facts.hosts for urn in host.firewalls}
    for opening in facts.openings:
        if opening.firewall in guards or opening.names_a_port_of(DATABASE_PORTS):
            strangers = [one for one in opening.members if one not in web and one not in (opening.firewall, NOT_KNOWN)]
            found = [*map(shown, opening.addresses), *(f"the group {_named(plan, one)}" for one in strangers)]
            if found:
                wanted = "wanted a database that the hosts' groups alone reach"
                yield Problem(opening.at, f"{wanted}, found it open to {', '.join(found[:3])}; let in those groups instead")


def _named(plan: Plan, urn: str) -> str:
    found = plan.find(urn)
    return found.name if found else urn
