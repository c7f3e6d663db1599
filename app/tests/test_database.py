"""What is different on SQLite: how connections are set up, and upgrades that are all or nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from showcase.database import db

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 5000)])
def test_connections_are_prepared(app, pragma, value):
    assert db.session.scalar(text(f"PRAGMA {pragma}")) == value


def test_a_failed_upgrade_leaves_nothing_behind(app):
    downgrade(revision="0001")
    with db.engine.begin() as connection:  # takes the name of the index that the upgrade makes at its end
        connection.execute(text("CREATE INDEX ix_video_info_site ON github_info (stars)"))
    with pytest.raises(Exception, match="already exists"):
        upgrade()
    columns = db.session.scalars(text("SELECT name FROM pragma_table_info('video_info')")).all()
    assert "site" not in columns
    assert db.session.scalar(text("SELECT version_num FROM alembic_version")) == "0001"


def test_the_command_needs_no_more_than_an_address_and_can_run_twice(tmp_path):
    keep = {name: value for name, value in os.environ.items() if name not in {"FLASK_APP", "SECRET_KEY"}}
    environment = {**keep, "DATABASE_URL": f"sqlite:///{tmp_path}/new.sqlite3"}
    command = [sys.executable, "-m", "flask", "db", "upgrade"]

    def said():
        return subprocess.run(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, check=True).stderr

    assert "-> 0001" in said()
    assert "->" not in said()
