"""PostgreSQL by pg8000."""

import ssl

import pg8000.dbapi
import pg8000.exceptions

_SYSTEM = "('pg_catalog', 'information_schema')"
TABLES = (
    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
    f" AND table_schema NOT IN {_SYSTEM} AND left(table_name, 8) <> 'slipway_' ORDER BY 1, 2"
)
SCHEMA = (
    "SELECT table_schema, table_name, column_name, data_type, character_maximum_length, numeric_precision, is_nullable, column_default"
    f" FROM information_schema.columns WHERE table_schema NOT IN {_SYSTEM} AND left(table_name, 8) <> 'slipway_'"
    " ORDER BY table_schema, table_name, ordinal_position",
    f"SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE schemaname NOT IN {_SYSTEM}"
    " AND left(tablename, 8) <> 'slipway_' ORDER BY 1, 2",
)
SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",)
# The transaction stays open and idle for as long as the release command takes. Local: nothing is left with a pooled connection.
NO_LIMITS = (
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = 0",
)
_VERIFIED = ("verify-ca", "verify-full")


def connect(parts, options):
    """A host that starts with `/` is the folder of a socket, as libpq has it."""
    host = options.get("host") or parts["host"]
    where = {"host": host or "localhost", "port": parts["port"] or 5432, "ssl_context": _tls(options)}
    if host.startswith("/"):
        where = {"unix_sock": f"{host}/.s.PGSQL.{parts['port'] or 5432}", "ssl_context": False}
    who = {"user": parts["user"], "password": parts["password"] or None, "database": parts["database"]}
    return pg8000.dbapi.connect(**who, **where, application_name="slipway")


def _tls(options):
    """None: encrypted if the server can."""
    mode = options.get("sslmode", "prefer")
    if mode in _VERIFIED:
        context = ssl.create_default_context(cafile=options.get("sslrootcert"))
        context.check_hostname = mode == "verify-full"
        return context
    return {"disable": False, "require": True}.get(mode)


def commit_each(connection):
    """From here on every statement is a transaction: roles and databases can't be made in one."""
    connection.autocommit = True


def quoted(*names):
    """An identifier, with its schema."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def is_lock_timeout(error):
    """Waiting for a lock took longer than the server allows."""
    return isinstance(error, pg8000.exceptions.DatabaseError) and error.args[0].get("C") == "55P03"


def words(error):
    """The server's own sentence."""
    told = error.args[0] if error.args else ""
    return str(told.get("M", told)) if isinstance(told, dict) else f"{error}" or type(error).__name__
