"""The command line around Pulumi, and the engine that runs the same program in process."""

INTERRUPTED = "slipway: interrupted; what serves: ./slipway{} status; the next run finishes or undoes the rest"
"""Told after Ctrl-C or SIGTERM. The braces are for the option that names the stack, once known."""
