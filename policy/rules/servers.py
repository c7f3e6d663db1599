"""Rules for servers: what they start from, what they may do, what firewalls let in to them."""

from collections.abc import Iterator

from policy.facts import DATABASE_PORTS, Facts, Problem
from policy.plan import NOT_KNOWN, Plan, shown

_PUBLIC_PORTS = {80, 443}


def images_pinned(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """A new image never replaces a server that runs: what names its image is in `ignoreChanges`.

    Images are mostly looked up ("the latest"), and the answer changes by itself. What servers are
    started from later doesn't count where another image replaces none that runs."""
    for server, input in facts.images:
        if not {input, "*"}.intersection(server.ignore_changes):
            yield Problem(server, f"wanted servers that keep their image, found {input} followed; add it to ignore_changes")


def metadata_v2(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """The metadata service answers only who brings a token, one network hop away.

    More hops let what runs in containers, or behind a proxy that can be tricked, ask for the host's
    credentials."""
    for one in facts.metadata:
        if one.token_wanted is False:
            yield Problem(one.at, "wanted a metadata service that asks for a token, found none required; require it")
        if one.hops is not None and one.hops != 1:
            found = one.hops or "no limit set"
            yield Problem(one.at, f"wanted answers of the metadata service to go 1 hop, found {found}; set the hop limit to 1")


def containers_confined(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """No container may do to its machine what the machine's root may.

    None is privileged, shares the machine's network, processes or users, has capabilities added
    (but for ports below 1024) or the engine's socket."""
    for container, freedom in facts.freedoms:
        yield Problem(container, f"wanted a container confined to itself, found {freedom}; leave it out")


def ports_open(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """Nothing but ports 80 and 443 is open to the world, by IPv6 neither.

    The world is any range wider than a network of somebody's own (shorter than /8, or /16 with
    IPv6), so that two halves count too. Protocols without ports (ping) are let be. Lists of
    addresses that are kept elsewhere can't be looked into."""
    for opening in facts.openings:
        ports = opening.ports
        if ports is not None and opening.from_world and not _PUBLIC_PORTS.issuperset(ports[:3]):
            spelled = f"port {ports[0]}" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]}"
            found = f"{spelled} from {shown(opening.from_world[0])}"
            yield Problem(opening.at, f"wanted only ports 80 and 443 open to the world, found {found}; name who may come in instead")


def ssh_closed(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """Port 22 is never open to the world, in a range of ports neither."""
    for opening in facts.openings:
        if opening.from_world and opening.covers(22):
            found = shown(opening.from_world[0])
            yield Problem(opening.at, f"wanted port 22 closed to the world, found it open to {found}; name the addresses that may log in")


def database_closed(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """No database is public, and neither its firewall nor a usual port of databases is open
    to the world."""
    for database in facts.databases:
        if database.public:
            yield Problem(database.at, "wanted a database without a public address, found one; set it to be reached from inside alone")
    for opening in facts.openings:
        if opening.from_world and (opening.firewall in facts.database_firewalls or opening.names_a_port_of(DATABASE_PORTS)):
            found = f"found them open to {shown(opening.from_world[0])}; let in the web tier's group alone"
            yield Problem(opening.at, f"wanted databases closed to the world, {found}")


def database_reach(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """Only the firewalls of hosts may reach a database, never ranges of addresses.

    A database's firewall is that of one which the cloud runs, or any that opens a port of databases
    by itself: there a host of the stack runs one."""
    web = {urn for host in facts.hosts for urn in host.firewalls}
    for opening in facts.openings:
        if opening.firewall in facts.database_firewalls or opening.names_a_port_of(DATABASE_PORTS):
            strangers = [one for one in opening.members if one not in web and one not in (opening.firewall, NOT_KNOWN)]
            names = [resource.name if (resource := plan.find(urn)) else urn for urn in strangers]
            found = [*map(shown, opening.addresses), *(f"the group {name}" for name in names)]
            if found:
                wanted = "wanted a database that the hosts' groups alone reach"
                yield Problem(opening.at, f"{wanted}, found it open to {', '.join(found[:3])}; let in those groups instead")


RULES = (containers_confined, images_pinned, metadata_v2, ports_open, ssh_closed, database_closed, database_reach)
