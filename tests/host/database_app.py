"""An app with rows in a database, its release command, and releases of both."""

from pathlib import Path
from types import MappingProxyType

from cloud_init.host_files import Server
from cloud_init.render import agent_files, agent_requirements

ENGINES = ("sqlite", "postgres", "mysql")
SQLALCHEMY = """
import os
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
url = make_url(os.environ["DATABASE_URL"])
url = url.set(drivername=DRIVERS[url.get_backend_name()])
limits = {"timeout": 20} if url.drivername == "sqlite" else {"connect_timeout": 3}
engine = create_engine(url, pool_pre_ping=True, connect_args=limits)
"""
APP = """
from flask import Flask, request
from sqlalchemy.exc import SQLAlchemyError
from base import engine, text

app = Flask(__name__)

@app.get("/")
def home():
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return "NUMBER"
"""
ROUTES = """
@app.errorhandler(SQLAlchemyError)
def away(error):
    return f"database away: {type(error).__name__}", 503, {"Retry-After": "5"}

@app.post("/rows")
def add():
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO items (name) VALUES (:name)"), {"name": request.get_data()[:25].hex()})
    return str(len(request.get_data()))

@app.get("/rows")
def rows():
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT count(*) FROM items")).scalar())

@app.get("/ddl")
def ddl():
    try:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE mischief (x integer)"))
    except SQLAlchemyError as error:
        return str(error.orig)
    return "made"
"""
MIGRATE = """
from pathlib import Path
from base import engine, text

print("migrating")
with engine.connect() as connection:
    for statement in Path("schema.sql").read_text().split(";"):
        if statement.strip():
            connection.execute(text(statement))
            connection.commit()
"""
SCHEMA = {
    "sqlite": "CREATE TABLE IF NOT EXISTS items (id integer PRIMARY KEY, name varchar(50))",
    "postgres": "CREATE TABLE IF NOT EXISTS items (id serial PRIMARY KEY, name varchar(50))",
    "mysql": "CREATE TABLE IF NOT EXISTS items (id integer PRIMARY KEY AUTO_INCREMENT, name varchar(50))",
}
GUNICORN = (Path(__file__).parents[2] / "requirements/gunicorn.txt").read_text()
REQUIREMENTS = "flask==3.1.3\nsqlalchemy==2.1.9\npsycopg[binary]==3.3.9\npymysql==1.2.4\n"


def publish(
    bench, number, engine, schema="", placement="same-host", extra=MappingProxyType({}), server=Server(), front="nginx", **manifest  # noqa: B008  frozen
):  # fmt: skip
    """A release that answers its number and migrates; `schema`: statements after the usual table, `extra`: more sources."""
    sources = {
        "base.py": SQLALCHEMY, "wsgi.py": (APP + ROUTES).replace("NUMBER", str(number)), "migrate.py": MIGRATE,
        "schema.sql": f"{SCHEMA[engine]};{schema}", **extra,
    }  # fmt: skip
    files = [{"path": file.path, "content": file.content, "mode": file.mode} for file in agent_files(engine)]
    given = {
        "requirements": [REQUIREMENTS, GUNICORN], "release_command": "python migrate.py",
        "database": {"engine": engine, "placement": placement, "driver": agent_requirements(engine)},
    }  # fmt: skip
    return bench.publish(number, server, kind=front, sources=sources, manifest={**given, **manifest}, files=files)
