"""Requests at the edges: other origins, a proxy, long lists, bodies in pieces, hostile input."""

import hashlib
import io

import pytest
from flask import request

from showcase import create_app

ORIGIN = {"Origin": "https://shop.example"}


def test_no_other_origin_by_default(client):
    assert "Access-Control-Allow-Origin" not in client.get("/api/users", headers=ORIGIN).headers


def test_named_origins_may_use_the_api_and_nothing_else(tmp_path):
    address = f"sqlite:///{tmp_path}/test.sqlite3"
    app = create_app({"DATABASE_URL": address, "SECRET_KEY": "x", "CORS_ORIGINS": "https://shop.example"})
    client = app.test_client()

    def allowed(path, origin):
        return client.get(path, headers=origin).headers.get("Access-Control-Allow-Origin")

    assert allowed("/api/slow?seconds=0", ORIGIN) == "https://shop.example"
    assert allowed("/api/slow?seconds=0", {"Origin": "https://other.example"}) is None
    assert allowed("/healthz", ORIGIN) is None


def test_one_hop_of_forwarded_headers_is_believed(app):
    headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/x"}
    app.add_url_rule("/seen", view_func=lambda: [request.remote_addr, request.scheme, request.script_root])
    assert app.test_client().get("/seen", headers=headers).get_json() == ["198.51.100.7", "https", ""]


def test_lists_are_paged_newest_first(client):
    for number in range(3):
        client.post("/api/github", json={"login": "ada", "repo": f"r{number}", "stars": number})
    page = client.get("/api/github?page=2&per_page=2").get_json()
    assert [item["repo"] for item in page["items"]] == ["r0"]
    assert (page["total"], page["pages"]) == (3, 2)
    assert client.get("/api/github?per_page=101").status_code == 400


def test_videos_are_listed_by_site(client, user):
    for site in ("a.example", "b.example"):
        client.post("/api/videos", json={"title": site, "url": f"https://{site}/", "duration": 1, "user_id": user})
    found = client.get("/api/videos?site=b.example").get_json()
    assert [item["title"] for item in found["items"]] == ["b.example"]
    assert found["total"] == 1


def test_a_user_with_entries_stays(client, user):
    client.post("/api/contents", json={"title": "T", "body": "B", "author_id": user})
    assert client.delete(f"/api/users/{user}").status_code == 409
    assert client.get(f"/api/users/{user}").status_code == 200


def test_deleting_twice_says_so(client, user):
    assert [client.delete(f"/api/users/{user}").status_code for _ in range(2)] == [204, 404]


def test_ids_that_no_row_can_have_are_missing(client):
    assert client.get(f"/api/users/{10**30}").status_code == 404
    assert client.delete(f"/api/users/{10**30}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 60_000, 400),
        (b"[]", 400),
        (b"\xff", 400),
        (b'{"name": "\\u0000", "email": "a@b.example"}', 400),
        (b'{"name": "\\ud800", "email": "a@b.example"}', 400),
        (b'{"name": "A", "email": "a@b.example", "id": 7}', 400),
        (b" " * 70_000, 413),
    ],
)
def test_hostile_bodies_are_refused(client, body, status):
    answer = client.post("/api/users", data=body, content_type="application/json")
    assert answer.status_code == status
    assert answer.get_json()["error"]["status"] == status


def test_json_that_a_form_could_send_is_refused(client):
    answer = client.post("/api/users", data=b'{"name": "A", "email": "a@b.example"}', content_type="text/plain")
    assert answer.status_code == 415


@pytest.mark.parametrize("stars", [True, "1", 1.5, 2**31, -1, None])
def test_whole_numbers_are_whole(client, stars):
    assert client.post("/api/github", json={"login": "a", "repo": "r", "stars": stars}).status_code == 400


def test_a_link_that_would_run_is_refused(client, user):
    video = {"title": "T", "url": "javascript://x.example/%0Aalert(1)", "duration": 1, "user_id": user}
    assert client.post("/api/videos", json=video).status_code == 400


def test_a_chunked_body_of_any_length_is_read_whole(client):
    sent = b"0123456789" * 20_000
    answer = client.post("/api/echo", input_stream=io.BytesIO(sent), environ_overrides={"wsgi.input_terminated": True})
    assert answer.get_json() == {"length": len(sent), "sha256": hashlib.sha256(sent).hexdigest()}


def test_an_api_without_its_database_says_so(tmp_path):
    app = create_app({"DATABASE_URL": f"sqlite:///{tmp_path}/nowhere/test.sqlite3", "SECRET_KEY": "x"})
    answer = app.test_client().get("/api/users")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert str(tmp_path) not in answer.text


def test_a_missing_page_is_a_page(client):
    answer = client.get("/nothing")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_the_page_lets_no_foreign_script_in(client):
    assert "default-src 'self'" in client.get("/").headers["Content-Security-Policy"]
