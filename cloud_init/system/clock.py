"""The right time: certificates, stores and logs rely on it."""

from cloud_init.fleet import Fleet
from cloud_init.system import SystemFile
from cloud_init.templating import text

LATER = True


def packages(fleet: Fleet, role: str) -> list[str]:
    """Whatever keeps the time here already stays: these can't be installed beside each other."""
    return ["systemd-timesyncd | chrony | ntpsec | ntp | openntpd"]


def files(fleet: Fleet, role: str) -> list[SystemFile]:
    """The servers asked are the distribution's, or those that the network names."""
    return [SystemFile("/etc/systemd/timesyncd.conf.d/slipway.conf", text("system/timesyncd.conf"), "timesyncd")]
