"""The errors a user meets: a single line that says where, what was wanted, what was found and what to do next."""

import pulumi


class SlipwayError(pulumi.RunError):
    """A user's mistake or a machine's lack, told in plain words; both engines print it without a traceback."""

    exit_code = 1


class UsageError(SlipwayError):
    """The command line or the settings are wrong; nothing was changed."""

    exit_code = 2


class NoStackError(UsageError):
    """The Pulumi CLI's backend knows no such stack; nothing was changed."""


class MissingError(SlipwayError):
    """This machine lacks something; the message ends with the command that installs it."""

    exit_code = 3


class LockedError(SlipwayError):
    """Somebody else is at work on this stack; the message names the holder."""

    exit_code = 4
