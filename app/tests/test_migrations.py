"""The migrations, on a real database: up, down, up; rows survive, and the models fit the result."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from showcase.database import db


def test_down_and_up_keeps_rows_and_fills_the_new_column(app, client, user):
    client.post("/api/videos", json={"title": "T", "url": "https://videos.example/1", "duration": 60, "user_id": user})
    downgrade(revision="0001")
    upgrade()
    assert db.session.execute(text("SELECT site FROM video_info")).scalars().all() == ["videos.example"]
    upgrade()


def test_models_and_migrations_agree(app):
    with db.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), db.metadata)
    assert differences == []
