"""`ssh:FACTS`: a folder on the first of these servers."""

from components.ssh.store import connect

__all__ = ["connect"]
