"""Names of hosts for people: a cloud may put an identity before one, as in `AROAEXAMPLE:i-0123`."""


def full(role: str, name: str) -> str:
    """A cloud's host in the store. `role`: the id of what it acts as; `name`: its own."""
    return f"{role}:{name}"


def short(name: str) -> str:
    """What follows that identity. An address (of IPv6, or of a site) stays as it is."""
    return name.partition(":")[2] if name.count(":") == 1 and "/" not in name else name
