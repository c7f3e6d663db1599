"""A database's address in the words that apps ask for: whole, by its parts, by their driver."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

_DRIVERS = {"postgresql": ("psycopg2", "psycopg", "pg8000"), "mysql": ("MySQLdb", "pymysql", "mysql/connector")}


def words(url: str, venv: Path) -> dict[str, str]:
    """The words of an address that `remote.checked` let pass, and `DATABASE_URL`, which apps give
    to SQLAlchemy, or to a driver. `venv`: the app's environment, which says what drivers it has."""
    parts = urlsplit(url)
    given, _, rest = url.partition("://")
    scheme = {"postgres": "postgresql"}.get(plain := given.partition("+")[0], plain)
    options = dict(parse_qsl(parts.query))
    host, port = (
        options.get("host") or parts.hostname or "",
        str(parts.port or options.get("port") or {"postgresql": 5432}.get(scheme, 3306)),
    )
    socket = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else options.get("unix_socket", "")
    driver, is_needed = _driver(venv, scheme)
    by_driver = f"{scheme}+{driver}://{rest}" if driver else f"{scheme}://{rest}"
    if driver == "pg8000" and socket:  # it alone is told the socket itself
        by_driver = f"{by_driver.partition('?')[0]}?unix_sock={quote(socket)}"
    handed = url if "+" in given else by_driver if is_needed else f"{scheme}://{rest}"
    return {
        "url": f"{scheme}://{rest}", "driverUrl": url if "+" in given else by_driver, "scheme": scheme, "host": host, "port": port,
        "name": unquote(parts.path.lstrip("/")), "user": unquote(parts.username or ""), "password": unquote(parts.password or ""),
        "socket": socket, "DATABASE_URL": handed,
    }  # fmt: skip


def _driver(venv: Path, scheme: str) -> tuple[str, bool]:
    """SQLAlchemy's name of the driver that the environment has, and whether it must be told: it
    looks for psycopg2 by itself, from 2.1 on for psycopg, and of MySQL's for mysqlclient."""
    packages = next(iter(sorted(venv.glob("lib/python*/site-packages"))), venv)
    versions = [re.match(r"(?i)sqlalchemy-(\d+)\.(\d+)", path.name) for path in packages.glob("*.dist-info")]
    version = next(((int(one[1]), int(one[2])) for one in versions if one), None)
    there = [one for one in _DRIVERS.get(scheme, ()) if (packages / one).is_dir()]
    usual = {"postgresql": "psycopg" if version and version >= (2, 1) else "psycopg2", "mysql": "MySQLdb"}.get(scheme, "")
    chosen = usual if usual in there else next(iter(there), "")
    return chosen.replace("/", "").lower(), bool(version and chosen not in ("", usual))
