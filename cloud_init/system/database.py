"""The database's programs, on the host that has it. `mysql` is MariaDB, which all of Debian and Ubuntu have."""

from cloud_init.fleet import Fleet
from cloud_init.system import SystemFile

_ENGINES = {"postgres": "postgresql", "mysql": "mariadb-server"}


def packages(fleet: Fleet, role: str) -> list[str]:
    return [_ENGINES[fleet.engine]] if fleet.engine in _ENGINES and fleet.has_data(role) else []


def files(fleet: Fleet, role: str) -> list[SystemFile]:
    return []
