"""Names of resources that Amazon holds to few letters: Pulumi makes the name of what exists from the resource's and eight letters more."""

import hashlib
import re

LOAD_BALANCER = 24  # of a load balancer or a target group: 32 letters
DATABASE = 55  # of a database: 63 letters
_DIGITS = 6  # of the hash


def short(name: str, longest: int) -> str:
    """`name` where it fits: single hyphens, letters and digits, at most `longest`. Else what fits of it and a hash of all."""
    legal = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
    if legal == name and len(name) <= longest:
        return name
    hashed = hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]
    return f"{legal[: longest - _DIGITS - 1].strip('-')}-{hashed}"
