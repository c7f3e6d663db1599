"""Addresses of databases, checked, in words that apps ask for, and the authority of a server's."""

import io
import re
import ssl
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from ...base import Places, Refused, note, read_text, write
from ...contracts.manifest import Manifest
from . import OWNER, Words

AUTHORITY = "database-ca.pem"  # the file in ETC where addresses of the database look for the authority of its certificate
_DRIVERS = {"postgresql": ("psycopg2", "psycopg", "pg8000"), "mysql": ("MySQLdb", "pymysql", "mysql/connector")}
_END = "-----END CERTIFICATE-----\n"
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_MOST = 4_000_000  # bytes


def words(url: str, venv: Path) -> Words:
    """The words of an address that `checked` let pass, and `DATABASE_URL`, which apps give
    to SQLAlchemy, or to a driver. `venv`: the app's environment, which says what drivers it has."""
    parts = urlsplit(url)
    given, _, rest = url.partition("://")
    scheme = {"postgres": "postgresql"}.get(plain := given.partition("+")[0], plain)
    options = dict(parse_qsl(parts.query))
    host = options.get("host") or parts.hostname or ""
    port = str(parts.port or options.get("port") or {"postgresql": 5432}.get(scheme, 3306))
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


def checked(url: str, name: str, schemes: tuple[str, ...]) -> str:
    """The address. Raises `Refused`, never with what was found: it holds a password."""
    setting = f"slipway:secretEnv.{name}: wanted {schemes[0]}://USER:PASSWORD@HOST:PORT/NAME"
    if not url:
        raise Refused(f"{setting} for the external database, found none; set it with --secret")
    try:
        parts = urlsplit(url)
        whole = bool(parts.scheme and parts.username and (parts.hostname or parts.query)) and parts.port != 0
    except ValueError:
        whole = False
    # A plain `/`, `?` or `#` in a password ends the host: the rest then stands in the path.
    if not whole or "@" in parts.path + parts.query + parts.fragment or len(parts.path) < 2:
        raise Refused(f"{setting}, found something else; write special characters of the password as %XX (`/` is %2F)")
    if parts.scheme.split("+")[0] not in schemes:
        raise Refused(f"{setting}, found {parts.scheme}://…; correct it, or change slipway:database.engine")
    return url


def shown(url: str) -> str:
    """The address without its password."""
    parts = urlsplit(url)
    return f"{parts.username}@{parts.netloc.rpartition('@')[2]}{parts.path}"


def unreachable(placement: str, role: str, url: str, why: Refused) -> str:
    """The sentence for a database that doesn't answer at its address for that role."""
    whose = "the release command" if role == OWNER else "the app"
    mend = "correct that address (slipway:secretEnv), or see" if placement == "external" else "see"
    wanted = f"wanted to reach it as {shown(url)}, which is for {whose}"
    return f"database: {wanted}, found: {why}; {mend} that it runs and lets this host in, then run `up` again"


def trust(places: Places, manifest: Manifest) -> None:
    """Writes the authority's certificate, or the list at its https address; the one before it stays
    beside, for the release that serves. Raises `Refused` for a first list that can't be fetched."""
    authority = manifest.database.authority
    before = read_text(places.etc / AUTHORITY)
    if authority and authority.startswith("https://"):
        authority = _published(authority, before)
    if authority and not before.startswith(authority):
        end = before.find(_END)
        write(places.etc / AUTHORITY, (authority + before[: end + len(_END) if end >= 0 else 0]).encode())


def _published(address: str, before: str) -> str:
    """The list below its address. One that is here already stays if it can't be fetched."""
    from ...base import web

    title = f"# {address}\n"
    here = before.startswith(title)
    got = io.BytesIO()
    try:
        web.into(got, address, _MOST, tries=1 if here else web.TRIES)
        certificates = "".join(f"{one}\n" for one in _CERTIFICATE.findall(got.getvalue().decode("ascii", "replace")))
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
        return title + certificates
    except Refused as refused:
        why = str(refused)
    except (ssl.SSLError, ValueError) as error:
        why = f"{address}: wanted certificates (PEM), found none, or damaged ones ({error}); correct the address"
    if not here:
        raise Refused(f"the database's authorities: {why}")
    note(f"the database's authorities stay as they were: {why}")
    return before
