"""A timer for the nightly backup, on the host that has the database."""

from cloud_init.fleet import Fleet
from cloud_init.system import SystemFile
from cloud_init.templating import text

_UNITS = ("slipway-backup.service", "slipway-backup.timer")


def packages(fleet: Fleet, role: str) -> list[str]:
    return []


def files(fleet: Fleet, role: str) -> list[SystemFile]:
    """The service has no place in a boot: the timer starts it."""
    units = _UNITS if fleet.has_data(role) else ()
    return [SystemFile(f"/etc/systemd/system/{name}", text(f"backup/{name}"), "systemd") for name in units]
