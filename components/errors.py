"""The one error a user meets: a single line that says where, what was wanted, what was found and what to do next."""

import pulumi


class SlipwayError(pulumi.RunError):
    """A user's mistake or a machine's lack, told in plain words; both engines print it without a traceback."""
