"""Pure functions from plain values to the files of a host, and `host/`, the tool that runs there.

Never imports pulumi, components or ops."""
