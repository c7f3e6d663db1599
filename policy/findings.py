"""What rules report."""

from policy.plan import Strict


class Finding(Strict):
    """A rule that isn't kept. `urn` is empty where it is about the stack as a whole."""

    rule: str
    urn: str
    message: str
    """One line: what was wanted, what was found, what to set."""
    waived: str = ""
    """The reason given in `slipway:waivers`, or empty."""
