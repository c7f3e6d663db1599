"""PostgreSQL by pg8000."""

import socket
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
SNAPSHOT_NAME = "SELECT pg_export_snapshot()"
# The transaction stays open and idle while the release command runs. Local: a pooled connection
# keeps nothing of it.
# Read committed: who waited for the lock sees what its holder noted, whatever the server's default.
NO_LIMITS = (
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = 0",
)
# Agents wait for their turn as long as it takes.
WAITS = (
    "SELECT w.pid, string_agg(concat_ws(' ', 'process', b.pid, b.usename, b.state, left(b.query, 80)), ', ') FROM pg_stat_activity w"
    " LEFT JOIN pg_stat_activity b ON b.pid = ANY (pg_blocking_pids(w.pid))"
    " WHERE w.usename = %s AND w.wait_event_type = 'Lock' AND w.application_name <> 'slipway' GROUP BY w.pid"
)
CANCEL = "SELECT pg_cancel_backend(%s)"
LOCK_TIMEOUTS = ()  # none: see NO_LIMITS
_VERIFIED = ("verify-ca", "verify-full")
_AWAY = ("57P03", "57P01", "53300")


def connect(parts, options):
    """A host that starts with `/` is the folder of a socket, as libpq has it."""
    host = options.get("host") or parts["host"]
    port = options.get("port") or parts["port"] or 5432
    if host.startswith("/"):
        where = {"unix_sock": f"{host}/.s.PGSQL.{port}", "ssl_context": False}
    else:
        where = {"host": host, "sock": _reached(host or "localhost", int(port)), "ssl_context": _tls(options)}
    who = {"user": parts["user"], "password": parts["password"] or None, "database": parts["database"]}
    return pg8000.dbapi.connect(**who, **where, application_name="slipway")


def _reached(host, port):
    """A connected socket. Only the way there is limited: who waits for the lock waits long."""
    try:
        found = socket.create_connection((host, port), timeout=10)
    except OSError as error:
        raise ConnectionError(f"{host}:{port} does not answer ({error.strerror or error})") from None
    found.settimeout(None)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return found


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


def is_away(error):
    """Nobody answered, or not yet: it starts up, shuts down, or has no connection to spare."""
    told = error.args[0] if error.args else ""
    return not isinstance(told, dict) or told.get("C") in _AWAY


def words(error):
    """The server's own sentence."""
    told = error.args[0] if error.args else ""
    return str(told.get("M", told)) if isinstance(told, dict) else f"{error}" or type(error).__name__
