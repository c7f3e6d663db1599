"""The JSON API: what it takes, what it gives, how it refuses."""

import hashlib

import pytest


def test_create_get_list_delete(client, user):
    made = client.post("/api/videos", json={"title": "T", "url": "https://videos.example/1", "duration": 60, "user_id": user})
    assert made.status_code == 201
    assert made.get_json()["site"] == "videos.example"
    assert client.get(made.headers["Location"]).get_json() == made.get_json()
    assert made.get_json() in client.get("/api/videos").get_json()["items"]
    assert client.delete(made.headers["Location"]).status_code in (200, 204)
    assert client.get(made.headers["Location"]).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("users", {"name": "", "email": "a@b.example"}, "name"),
        ("users", {"name": "A", "email": "nonsense"}, "email"),
        ("users", {"name": "A"}, "email"),
        ("videos", {"title": "T", "url": "ftp://x", "duration": 1, "user_id": 1}, "url"),
        ("videos", {"title": "T", "url": "https://x.example", "duration": -1, "user_id": 1}, "duration"),
        ("contents", {"title": "T", "body": "B", "author_id": 99}, "author_id"),
        ("github", {"login": "-bad-", "repo": "r", "stars": 1}, "login"),
    ],
)
def test_wrong_values_are_refused_by_name(client, user, path, body, field):
    answer = client.post(f"/api/{path}", json=body)
    assert answer.status_code == 400
    assert field in [one["field"] for one in answer.get_json()["error"]["fields"]]


def test_duplicates_and_other_types(client, user):
    assert client.post("/api/users", json={"name": "B", "email": "ada@example.com"}).status_code == 409
    assert client.post("/api/users", data="name=B").status_code in (400, 415)
    assert client.get("/api/nothing").get_json()["error"]["status"] == 404


def test_aids(client):
    assert client.post("/api/echo", data=b"abc").get_json() == {"length": 3, "sha256": hashlib.sha256(b"abc").hexdigest()}
    assert client.get("/api/slow?seconds=0").status_code == 200
    assert client.get("/api/slow?seconds=16").status_code == 400
    assert client.get("/api/slow?seconds=nan").status_code == 400
