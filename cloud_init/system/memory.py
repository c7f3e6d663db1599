"""Room for a moment of want on small servers. Who goes first when there is none is said by the units of the programs."""

from cloud_init.fleet import Fleet
from cloud_init.system import SystemFile
from cloud_init.templating import text


def packages(fleet: Fleet, role: str) -> list[str]:
    """None: a file is swap everywhere, while not every cloud's kernel has zram."""
    return []


def files(fleet: Fleet, role: str) -> list[SystemFile]:
    """Swap on servers of 1 GB and less (the unit's own condition), used late."""
    return [
        SystemFile("/etc/systemd/system/slipway-swap.service", text("system/slipway-swap.service"), "systemd"),
        SystemFile("/etc/sysctl.d/90-slipway.conf", text("system/sysctl.conf"), "sysctl"),
    ]
