"""What the target adds of its own."""

from cloud_init.fleet import Fleet, More
from cloud_init.system import SystemFile

LATER = True
_NOTHING = More()


def packages(fleet: Fleet, role: str) -> list[str]:
    """Of the distribution; archives from elsewhere are another part of the manifest."""
    return list(fleet.more.get(role, _NOTHING).packages)


def files(fleet: Fleet, role: str) -> list[SystemFile]:
    """In force once its packages are there."""
    return list(fleet.more.get(role, _NOTHING).files)
