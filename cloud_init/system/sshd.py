"""Who may log in: keys only."""

from cloud_init.fleet import Fleet
from cloud_init.system import SystemFile
from cloud_init.templating import text


def packages(fleet: Fleet, role: str) -> list[str]:
    """None: a server without sshd is reached by other means."""
    return []


def files(fleet: Fleet, role: str) -> list[SystemFile]:
    """Read before all other files, because sshd keeps the first value that it finds."""
    return [SystemFile("/etc/ssh/sshd_config.d/00-slipway.conf", text("system/sshd.conf"), "sshd")]
