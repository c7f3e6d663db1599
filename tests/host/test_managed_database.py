"""A database that a cloud runs: its master is all there is of it, web hosts make the app's role in their turn."""

import ssl
from concurrent.futures import ThreadPoolExecutor

import database_app
import documents
import pytest
from elsewhere import Elsewhere
from published import serving
from test_databases import get, needs, post

from cloud_init.host.base.outcome import Refused
from cloud_init.host.data.databases import remote
from components.release.store import to_json

ENGINES = database_app.ENGINES[1:]
APP = 'the app\'s%s: %41 \\ "word"'


@pytest.fixture
def managed(request):
    needs(request.param)
    made = Elsewhere(request.param, managed=True)
    yield made
    made.remove()


def publish(bench, managed, number, password=APP, **manifest):
    health = {"path": "/rows", "host": f"127.0.0.1:{bench.port}", "timeout": 20}
    release = database_app.publish(bench, number, managed.engine, "", "managed", **{"health": health, **manifest})
    secrets = {"DATABASE_URL": managed.url("app", password), "DATABASE_OWNER_URL": managed.url("keeper")}
    bench.store.put(f"secrets/web/{release}.json", to_json(secrets))
    return release


@pytest.mark.family("managed databases", case="mysql")
@pytest.mark.parametrize("managed", ENGINES, indirect=True)
def test_hosts_make_the_apps_role_in_their_turn(make_bench, managed):
    hosts = make_bench(), make_bench()
    assert all(bench.boot()["ok"] for bench in hosts)
    with ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(lambda bench: bench.roll(publish(bench, managed, 1)), hosts))
    assert [verdict.message for verdict in verdicts] == ["", ""]
    assert [post(hosts[0]), get(hosts[1], "/rows")] == ["1", "1"]
    assert "denied" in get(hosts[0], "/ddl")
    changed = publish(hosts[0], managed, 2, "another'password", release_command=None)
    assert hosts[0].roll(changed).ok
    assert [post(hosts[0]), get(hosts[0], "/rows")] == ["1", "2"]
    managed.strange()
    again = publish(hosts[0], managed, 3, "another'password")
    verdict = hosts[0].roll(again)
    assert verdict.ok, verdict.message
    assert "denied" in get(hosts[0], "/ddl")


@pytest.mark.parametrize("managed", ENGINES, indirect=True)
def test_one_that_cannot_be_reached_is_told_without_a_password(make_bench, managed):
    bench = make_bench()
    assert bench.boot()["ok"]
    release = publish(bench, managed, 1)
    bench.store.put(
        f"secrets/web/{release}.json",
        to_json({"DATABASE_URL": managed.url("app", APP), "DATABASE_OWNER_URL": managed.url("keeper", "bad")}),
    )
    reason = bench.roll(release).message.splitlines()[1]
    assert reason.startswith("local, database: database: wanted to reach it as keeper@127.0.0.1:")
    assert reason.endswith("see that it runs and lets this host in, then run `up` again")
    assert "word" not in reason.replace("password", "")


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A server of lists of authorities: give it `answers`, ask it at `address`."""
    with serving(tmp_path) as server:
        server.address += "/list.pem"
        monkeypatch.setenv("SSL_CERT_FILE", str(server.trusted))
        monkeypatch.setattr("cloud_init.host.base.web.time.sleep", lambda seconds: None)
        yield server


def trusted(tmp_path, wanted):
    places = documents.places(tmp_path / "root", {"app": "shop"})
    remote.trust(places, documents.manifest(database={"engine": "postgres", "authority": wanted}))
    return (places.etc / remote.AUTHORITY).read_text()


def test_a_published_list_is_fetched_and_kept(published, tmp_path):
    published.answers = [(503, b""), (200, b"half"), (200, b"words\n" + published.pem * 2)]
    wanted = f"# {published.address}\n{published.pem.decode() * 2}"
    assert trusted(tmp_path, published.address) == wanted
    ssl.create_default_context(cafile=str(tmp_path / "root/etc/slipway/shop" / remote.AUTHORITY))
    for answer in ((404, b""), (200, b"no certificate")):
        published.answers = [answer]
        assert trusted(tmp_path, published.address) == wanted
    published.answers = [(200, published.pem)]
    assert trusted(tmp_path, published.address).startswith(f"# {published.address}\n{published.pem.decode()}")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((404, b""), "404 Not Found"),
        ((200, b"<html>"), "wanted certificates (PEM), found none"),
        ((200, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "damaged"),
        ((302, b"http://localhost/list.pem"), "wanted an answer, found"),
        ((200, b"x" * (remote._MOST + 1)), "more than 4,000,000 bytes"),
    ],
)
def test_without_any_list_the_refusal_names_the_address(published, tmp_path, answer, told):
    published.answers = [answer]
    with pytest.raises(Refused) as refused:
        trusted(tmp_path, published.address)
    assert told in str(refused.value)
    assert published.address in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_certificate_as_text_is_taken_as_it_is(published, tmp_path):
    assert trusted(tmp_path, published.pem.decode()) == published.pem.decode()
