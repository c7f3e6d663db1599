"""No database is public, and neither its firewall nor a port that databases listen on is open to the world."""

from collections.abc import Iterator

from policy.facts import DATABASE_PORTS, Facts
from policy.findings import Problem
from policy.plan import Plan
from policy.values import shown


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    for database in facts.databases:
        if database.public:
            yield Problem(database.at, "wanted a database without a public address, found one; set it to be reached from inside alone")
    guards = {urn for database in facts.databases for urn in database.firewalls}
    ports = DATABASE_PORTS.union(*(database.ports for database in facts.databases))
    for opening in facts.openings:
        if opening.from_world and (opening.firewall in guards or opening.names_a_port_of(ports)):
            found = shown(opening.from_world[0])
            yield Problem(
                opening.at, f"wanted databases closed to the world, found them open to {found}; let in the web tier's group alone"
            )
