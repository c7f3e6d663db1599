"""Security upgrades by themselves, and never a reboot by itself."""

from cloud_init.fleet import Fleet
from cloud_init.system import SystemFile
from cloud_init.templating import text

LATER = True


def packages(fleet: Fleet, role: str) -> list[str]:
    """What upgrades."""
    return ["unattended-upgrades"]


def files(fleet: Fleet, role: str) -> list[SystemFile]:
    """Read after the package's own file, 50unattended-upgrades."""
    return [SystemFile("/etc/apt/apt.conf.d/52slipway-upgrades", text("system/upgrades.conf"), "apt")]
