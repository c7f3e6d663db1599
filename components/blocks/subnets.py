"""How the addresses of a network are divided: pure functions."""

import ipaddress

NETWORK = "10.60.0.0/16"
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""The addresses of servers in whichever network; the cloud's firewalls say who is let in."""


def ipv4(number: int) -> str:
    """The number-th /20 of the network: 4,091 hosts."""
    return str(list(ipaddress.IPv4Network(NETWORK).subnets(new_prefix=20))[number])


def ipv6(block: str, number: int) -> str:
    """The number-th /64 of a network's block, a /56."""
    return str(next(one for place, one in enumerate(ipaddress.IPv6Network(block).subnets(new_prefix=64)) if place == number))
