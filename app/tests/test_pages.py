"""Home page and health, with the database well and away."""

from showcase import create_app


def test_home_shows_data_and_release(client, user):
    page = client.get("/")
    assert page.status_code == 200
    assert "ada@example.com" in page.text
    assert "<code>r1</code>" in page.text


def test_what_people_enter_is_text(client):
    client.post("/api/users", json={"name": "<script>alert(1)</script>", "email": "x@example.com"})
    assert "<script>alert" not in client.get("/").text


def test_health(client):
    assert client.get("/healthz").get_json() == {"database": "ok", "engine": "sqlite", "release": "r1"}


def test_database_away(tmp_path):
    app = create_app({"DATABASE_URL": f"sqlite:///{tmp_path}/nowhere/test.sqlite3", "SECRET_KEY": "x"})
    client = app.test_client()
    health, page = client.get("/healthz"), client.get("/")
    assert (health.status_code, page.status_code) == (503, 503)
    assert health.get_json()["database"] == "OperationalError"
    assert "can&#39;t be read" in page.text or "can't be read" in page.text
    assert str(tmp_path) not in page.text + health.text
