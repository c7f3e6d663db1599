"""Names of hosts as people see them. A cloud may want its own identity before a host's name, as in `AROAEXAMPLE:i-0123`."""


def full(role: str, name: str) -> str:
    """What a cloud's host is called in the store. `role`: the id of what it acts as; `name`: its own."""
    return f"{role}:{name}"


def short(name: str) -> str:
    """What follows that identity. An address (of IPv6, or of a site) stays as it is."""
    return name.partition(":")[2] if name.count(":") == 1 and "/" not in name else name


def is_called(host: str, name: str) -> bool:
    """Whether a person who says `name` means that host."""
    return name in (host, short(host))
