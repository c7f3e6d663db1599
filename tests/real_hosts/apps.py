"""What more than one test launches, and runs in there."""

from .servers import DRIVERS, SMALL

_MIGRATE = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as base:
    base.execute("CREATE TABLE IF NOT EXISTS rows (id serial PRIMARY KEY, bytes integer)")
"""
_ROWS = f"""
import os
import psycopg
{SMALL}
def ask(statement, *values):
    with psycopg.connect(os.environ["DATABASE_URL"]) as base:
        return base.execute(statement, values)

@app.post("/rows")
def add():
    body = request.get_data()
    ask("INSERT INTO rows (bytes) VALUES (%s)", len(body))
    return str(len(body))

@app.get("/rows")
def rows():
    with psycopg.connect(os.environ["DATABASE_URL"]) as base:
        return str(base.execute("SELECT count(*) FROM rows").fetchone()[0])
"""
ROWS = {"wsgi.py": _ROWS, "migrate.py": _MIGRATE, "requirements.txt": f"flask==3.1.3\n{DRIVERS['postgres']}"}
"""Its files; the release command is `python migrate.py`."""
STATEMENT = """
import os
from sqlalchemy import create_engine, text
from showcase.config import database_url
try:
    with create_engine(database_url(os.environ["DATABASE_URL"])).begin() as connection:
        found = connection.execute(text("STATEMENT"))
        print(found.fetchall() if found.returns_rows else "done")
except Exception as error:
    print(" ".join(str(error.orig if hasattr(error, "orig") else error).split()))
"""
"""Run with the example app's Python: what a STATEMENT gives, or how it fails."""
