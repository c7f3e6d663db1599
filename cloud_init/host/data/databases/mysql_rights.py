"""Who may do what in MySQL and MariaDB: the same statements on a cluster of this host and on a server that somebody else runs."""

from __future__ import annotations

ALL = "ALL"
# Neither CREATE, ALTER, DROP nor INDEX: the app's role can't change the schema.
ROWS = "SELECT, INSERT, UPDATE, DELETE, EXECUTE, SHOW VIEW, CREATE TEMPORARY TABLES, LOCK TABLES"


def login(role: str, host: str, password: str, database: str, rights: str) -> list[str]:
    """The role as it comes from that host, with that password and those rights."""
    who = user(role, host)
    return [
        f"CREATE USER IF NOT EXISTS {who}",
        f"ALTER USER {who} IDENTIFIED BY {text(password)}",
        f"GRANT {rights} ON {name(database)}.* TO {who}",
    ]


def user(role: str, host: str) -> str:
    """As a statement names it."""
    return f"{text(role)}@{text(host)}"


def name(value: str) -> str:
    """An identifier in a statement."""
    return "`" + value.replace("`", "``") + "`"


def text(value: str) -> str:
    """A text in a statement."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
