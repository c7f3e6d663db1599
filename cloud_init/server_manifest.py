"""The parts of a manifest that come of what the servers of a stack are to be."""

from dataclasses import asdict
from typing import Any

from cloud_init import system
from cloud_init.fleet import Fleet


def parts(fleet: Fleet) -> dict[str, Any]:
    """`host` and `tls` of a manifest."""

    def of_system(later: bool) -> dict[str, Any]:
        return {
            "packages": {role: system.packages(fleet, role, later) for role in fleet.roles},
            "system": {role: system.files(fleet, role, later) for role in fleet.roles},
        }

    return {
        "host": {"manager": fleet.manager, **of_system(False), "later": {**of_system(True), "archives": _archives(fleet)}},
        "tls": vars(fleet.tls) if fleet.tls else None,
    }


def _archives(fleet: Fleet) -> dict[str, list[dict[str, Any]]]:
    return {role: [asdict(one) for one in fleet.more[role].archives] for role in fleet.roles if role in fleet.more}
