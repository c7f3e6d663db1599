"""The site's certificate by ACME: the client, and the timer that has the host tool look whether one is due.

certbot, because it is in all four distributions and in their security updates, and well kept; it is handed a request for a certificate, so
that nothing hangs on its own folders, configuration or timer.
"""

from cloud_init.fleet import Fleet
from cloud_init.system import SystemFile
from cloud_init.templating import text


def packages(fleet: Fleet, role: str) -> list[str]:
    """None without a domain."""
    return ["certbot", "openssl"] if _wanted(fleet, role) else []


def files(fleet: Fleet, role: str) -> list[SystemFile]:
    """The unit is also started by the host tool, after each release."""
    names = ("slipway-certificate.service", "slipway-certificate.timer") if _wanted(fleet, role) else ()
    return [SystemFile(f"/etc/systemd/system/{name}", text(f"system/{name}"), "systemd") for name in names]


def _wanted(fleet: Fleet, role: str) -> bool:
    return role == "web" and fleet.tls is not None
