"""MySQL and MariaDB by PyMySQL."""

import pymysql

TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema = DATABASE()"
    " AND left(table_name, 8) <> 'slipway_' ORDER BY 1"
)
SCHEMA = (
    "SELECT table_name, column_name, column_type, is_nullable, column_default, extra FROM information_schema.columns"
    " WHERE table_schema = DATABASE() AND left(table_name, 8) <> 'slipway_' ORDER BY table_name, ordinal_position",
    "SELECT table_name, index_name, seq_in_index, column_name, non_unique FROM information_schema.statistics"
    " WHERE table_schema = DATABASE() AND left(table_name, 8) <> 'slipway_' ORDER BY 1, 2, 3",
)
SNAPSHOT = ("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT")
SNAPSHOT_NAME = None
# Read committed: who waited for the lock sees what its holder noted, whatever the server's default.
NO_LIMITS = ("SET SESSION wait_timeout = 86400", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
# Which of the others it is that holds a table, the server doesn't say.
WAITS = (
    "SELECT w.id, concat('one of: ', group_concat(concat_ws(' ', 'connection', b.id, b.user, b.command, left(b.info, 80)) SEPARATOR ', '))"
    " FROM information_schema.processlist w LEFT JOIN information_schema.processlist b ON b.db = w.db AND b.user <> w.user"
    " WHERE w.user = %s AND left(w.state, 11) = 'Waiting for' AND locate('lock', w.state) > 0 GROUP BY w.id"
)
CANCEL = "KILL QUERY %s"
LOCK_TIMEOUTS = (1205, 1213)  # waiting took longer than the server allows, or it saw a deadlock
_AWAY = (2002, 2003, 2006, 2013, 1040, 1053)  # no socket, no answer, lost, too many connections, shutting down
_VERIFIED = ("VERIFY_CA", "VERIFY_IDENTITY")


def connect(parts, options):
    """`unix_socket` in the address is the socket's path."""
    where = {"unix_socket": options["unix_socket"]} if "unix_socket" in options else {"host": parts["host"], "port": parts["port"] or 3306}
    mode = options.get("ssl-mode", options.get("ssl_mode", "")).upper()
    if mode in _VERIFIED or "ssl_ca" in options:
        # Whether the certificate must be for that very host, asked for as by tools or SQLAlchemy.
        by_name = mode == "VERIFY_IDENTITY" or options.get("ssl_check_hostname", "").lower() in ("true", "1", "yes", "on")
        where |= {"ssl_ca": options.get("ssl_ca"), "ssl_verify_cert": True, "ssl_verify_identity": by_name}
    elif mode == "REQUIRED":
        where |= {"ssl": {"ssl": True}}
    return pymysql.connect(
        user=parts["user"], password=parts["password"], database=parts["database"] or None, connect_timeout=10, charset="utf8mb4", **where
    )


def commit_each(connection):
    """From here on every statement is a transaction: roles and databases can't be made in one."""
    connection.autocommit(True)


def quoted(*names):
    """An identifier."""
    return ".".join("`" + name.replace("`", "``") + "`" for name in names)


def is_away(error):
    """Nobody answered, or not yet."""
    return isinstance(error, pymysql.err.OperationalError) and error.args[0] in _AWAY


def words(error):
    """The server's own sentence."""
    return str(error.args[1]) if len(error.args) > 1 else f"{error}" or type(error).__name__
