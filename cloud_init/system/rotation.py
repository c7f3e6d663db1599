"""What rotates logs. Their configuration is the host tool's, which knows their places."""

from cloud_init.fleet import Fleet
from cloud_init.system import SystemFile

LATER = True


def packages(fleet: Fleet, role: str) -> list[str]:
    """For servers of any role."""
    return ["logrotate"]


def files(fleet: Fleet, role: str) -> list[SystemFile]:
    return []
