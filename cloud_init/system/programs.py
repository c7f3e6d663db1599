"""What runs programs: what makes environments, on web hosts the front server."""

from cloud_init.fleet import Fleet
from cloud_init.system import SystemFile

_FRONTS = {"nginx": ("nginx-light",), "apache": ("apache2-bin", "media-types")}


def packages(fleet: Fleet, role: str) -> list[str]:
    fronts = _FRONTS[fleet.front] if role == "web" else ()
    return ["python3-venv", *fronts]


def files(fleet: Fleet, role: str) -> list[SystemFile]:
    return []
