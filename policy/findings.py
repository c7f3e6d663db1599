"""What rules report."""

from typing import NamedTuple

from policy.plan import Resource, Strict


class Problem(NamedTuple):
    """What a rule says: `at` a resource, or a setting by its key path. It may have many lines."""

    at: Resource | str
    message: str


class Finding(Strict):
    """A rule that isn't kept. `urn` is empty where it is about the stack as a whole; the message
    then begins with the setting."""

    rule: str
    urn: str
    message: str
    """One line: what was wanted, what was found, what to set."""
    waived: str = ""
    """The reason given in `slipway:waivers`, or empty."""
