"""Who may do what in PostgreSQL: the same statements on a cluster of this host and on a server that somebody else runs."""

from __future__ import annotations

from .agent import Agent

_ROWS, _NUMBERS = "SELECT, INSERT, UPDATE, DELETE", "USAGE, SELECT"


def login(agent: Agent, role: str, password: str) -> None:
    """The role, with that password."""
    if not agent.ask("exists", question=f"SELECT 1 FROM pg_roles WHERE rolname = {text(role)}")["exists"]:
        agent.ask("execute", statements=[f"CREATE ROLE {name(role)} LOGIN"])
    agent.ask("execute", statements=[f"ALTER ROLE {name(role)} PASSWORD {text(password)}"])


def connecting(database: str, app: str) -> list[str]:
    """Nobody connects to the database but its owner and the app."""
    return [f"REVOKE ALL ON DATABASE {name(database)} FROM PUBLIC", f"GRANT CONNECT, TEMPORARY ON DATABASE {name(database)} TO {name(app)}"]


def grant(agent: Agent, owner: str, app: str) -> None:
    """The app reads and writes rows and changes no schema: of what is there, and of what the owner makes. `agent` is connected to it."""
    default = f"ALTER DEFAULT PRIVILEGES FOR ROLE {name(owner)} IN SCHEMA public GRANT"
    statements = [
        "CREATE SCHEMA IF NOT EXISTS public", f"ALTER SCHEMA public OWNER TO {name(owner)}", "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {name(app)}", f"{default} {_ROWS} ON TABLES TO {name(app)}",
        f"{default} {_NUMBERS} ON SEQUENCES TO {name(app)}",
    ]  # fmt: skip
    agent.ask("execute", statements=statements)
    for kind, right, what in (("'r', 'p', 'v', 'm', 'f'", _ROWS, "TABLE"), ("'S'", _NUMBERS, "SEQUENCE")):
        _grant_present(agent, kind, f"GRANT {right} ON {what} ", app)


def _grant_present(agent: Agent, kinds: str, start: str, app: str) -> None:
    """Not all there are: those that an extension made may belong to somebody else."""
    question = (
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
        f" WHERE nspname = 'public' AND relkind IN ({kinds}) AND pg_has_role(relowner, 'USAGE') ORDER BY 1"
    )
    found = [f"public.{name(one)}" for (one,) in agent.ask("find", question=question)["found"]]
    agent.ask("execute", statements=[f"{start}{', '.join(found)} TO {name(app)}"] if found else [])


def name(value: str) -> str:
    """An identifier in a statement."""
    return '"' + value.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in a statement."""
    return "'" + value.replace("'", "''") + "'"
