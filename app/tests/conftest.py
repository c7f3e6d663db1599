"""The app on a database of its own, made by the real migrations."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from showcase import create_app
from showcase.database import db


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    made = create_app({"DATABASE_URL": f"sqlite:///{tmp_path}/test.sqlite3", "SECRET_KEY": "x", "SLIPWAY_RELEASE": "r1"})
    with made.app_context():
        upgrade()
        yield made
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def user(client: FlaskClient) -> int:
    answer = client.post("/api/users", json={"name": "Ada", "email": "ada@example.com"})
    return int(answer.get_json()["id"])
