"""The part of a manifest that says what the servers of a stack are to be."""

from cloud_init import system
from cloud_init.fleet import Fleet
from cloud_init.host.contracts.manifest import HostPart, LaterPart


def host_part(fleet: Fleet) -> HostPart:
    """Packages and system files by role, and what comes later."""
    packages = [{role: system.packages(fleet, role, later) for role in fleet.roles} for later in (False, True)]
    files = [{role: system.files(fleet, role, later) for role in fleet.roles} for later in (False, True)]
    archives = {role: fleet.more[role].archives for role in fleet.roles if role in fleet.more}
    return HostPart(packages[0], files[0], fleet.manager, LaterPart(packages[1], files[1], archives))
