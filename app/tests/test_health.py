"""Health where schema and code differ: an older schema is refused, a newer one is fine."""

import pytest
from flask_migrate import downgrade
from sqlalchemy import text

from showcase.database import db


@pytest.mark.parametrize("revision", ["0001", "base"])
def test_an_older_schema_is_refused(app, client, revision):
    downgrade(revision=revision)
    health, page = client.get("/healthz"), client.get("/")
    assert (health.status_code, page.status_code) == (503, 503)
    assert health.get_json()["database"] == "behind"
    assert "flask db upgrade" in page.text


def test_a_newer_schema_is_served(app, client):
    db.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.session.commit()
    health = client.get("/healthz")
    assert (health.status_code, health.get_json()["database"]) == (200, "ahead")
    assert client.get("/").status_code == 200
