"""The journal outlives a reboot, and never fills the disk."""

from cloud_init.fleet import Fleet
from cloud_init.system import SystemFile
from cloud_init.templating import text


def packages(fleet: Fleet, role: str) -> list[str]:
    """None: it is part of systemd."""
    return []


def files(fleet: Fleet, role: str) -> list[SystemFile]:
    """Bounds for size and age."""
    return [SystemFile("/etc/systemd/journald.conf.d/slipway.conf", text("system/journald.conf"), "journald")]
