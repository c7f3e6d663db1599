"""`ssh:FACTS`: a folder on each of these servers."""

from components.ssh.stores import connect

__all__ = ["connect"]
