"""Ranges of addresses: which of them are the world."""

import ipaddress
from typing import Any

_WIDEST = {4: 8, 6: 16}
"""Shorter prefixes than these are no one's network: 0.0.0.0/0 in two halves is the world as well."""
_OWN = ipaddress.IPv6Network("fc00::/7")


def is_world(value: Any) -> bool:
    """A range that lets in whoever is on the internet; False for what isn't known or no range."""
    try:
        network = ipaddress.ip_network(value.strip(), strict=False) if isinstance(value, str) else None
    except ValueError:
        return False
    if network is None or network.prefixlen >= _WIDEST[network.version]:
        return False
    return not isinstance(network, ipaddress.IPv6Network) or not network.subnet_of(_OWN)
