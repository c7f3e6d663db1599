"""Ports opened: to the world, or on a firewall that was there, to more than before."""

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any

from ops.display.differences import same
from ops.plan.document import Warning
from ops.plan.warnings.context import Context
from policy.facts import ALL_PORTS, Opening
from policy.values import one_line, shown


def warn(context: Context) -> Iterator[Warning]:
    """A stack that wasn't there before opens what it opens: that is the rules' business."""
    if not context.old.resources:
        return
    for one in context.after.openings:
        before = [known for known in context.before.openings if known.firewall == one.firewall]
        known = one.firewall in context.olds or not one.firewall
        sources = _new(one, before) if known else one.from_world
        if sources:
            yield Warning(kind="opened", urn=one.at.urn, message=f"opens {_ports(one)} to {_sources(sources)}")


def _new(opening: Opening, before: Iterable[Opening]) -> tuple[Any, ...]:
    """The sources that no opening of before let in to all of the ports."""
    wide = [one for one in before if _covers_ports(one, opening)]
    addresses = tuple(one for one in opening.addresses if not any(_inside(one, outer) for old in wide for outer in old.addresses))
    members = tuple(one for one in opening.members if not any(one in old.members for old in wide))
    return (*addresses, *members)


def _covers_ports(old: Opening, new: Opening) -> bool:
    if old.ports is None or new.ports is None:
        return old.ports == ALL_PORTS or (old.ports is new.ports and old.at.urn == new.at.urn)
    return not new.ports or (old.ports[0] <= new.ports[0] and new.ports[-1] <= old.ports[-1] if old.ports else False)


def _inside(inner: Any, outer: Any) -> bool:
    """A range of addresses that another one holds, or the very same mark or name."""
    if same(inner, outer):
        return True
    try:
        small, large = (ipaddress.ip_network(one.strip(), strict=False) for one in (inner, outer) if isinstance(one, str))
    except ValueError:
        return False
    return small.version == large.version and small.subnet_of(large)  # type: ignore[arg-type]


def _ports(opening: Opening) -> str:
    ports = opening.ports
    if not ports:
        return "a port not known yet"
    if ports == ALL_PORTS:
        return "all ports"
    return f"port {ports[0]}" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]}"


def _sources(sources: tuple[Any, ...]) -> str:
    names = [shown(one.rpartition("::")[2] if isinstance(one, str) and one.startswith("urn:") else one) for one in sources[:3]]
    return ", ".join(map(one_line, names)) + (f" and {len(sources) - 3} more" if len(sources) > 3 else "")
