"""What a target doesn't serve of the settings is refused by its table, all at once."""

from typing import get_args

import pytest

from components import settings, target
from components.errors import UsageError
from components.target import Shared, Takes
from ops.commands import init

WORDS = ("front", "manager", "server.kind", "database.engine")
NOTHING: Takes = {key: () if key in WORDS else False for key in get_args(Shared)} | {"database.placement": ("managed",)}
APP = {"name": "shop", "path": "."}
MORE = {
    "healthPath": "/",
    "static": {"/static": "static"},
    "data": ["instance"],
    "releaseCommand": "x",
    "processes": {"worker": "x"},
}
CRON = {"nightly": {"schedule": "0 3 * * *", "command": "x"}}


def given(**sections):
    raw = {"target": "local", "app": APP, **sections}
    return settings.parse({f"slipway:{key}": value for key, value in raw.items()}, {"slipway:secretTls"}, "dev")


def problems(takes, **sections):
    return [f"{key}: {text.partition(';')[0]}" for key, text in target._unserved(takes, given(**sections))]


def test_local_refuses_all_that_it_does_not_serve_in_one_message():
    asked = {"manager": "systemd", "domain": "www.example.com", "database": {"engine": "postgres", "placement": "own-host"}}
    with pytest.raises(UsageError) as caught:
        target.chosen(given(**asked))
    other = "; leave it out, or take another target"
    assert str(caught.value).splitlines() == [
        "Pulumi.dev.yaml: 3 settings are wrong",
        f"  slipway:database.placement: wanted same-host or external, found 'own-host'; the target local serves no other{other}",
        f"  slipway:domain: wanted nothing, found 'www.example.com'; the target local serves none{other}",
        f"  slipway:manager: wanted supervisor, found 'systemd'; the target local serves no other{other}",
    ]


def test_a_default_is_not_asked_for_but_for_the_place_of_a_database():
    assert problems(NOTHING) == []
    assert problems(NOTHING, server={"threads": 2}, database={"engine": "none"}) == []
    assert problems({"database.placement": ("managed",)}, database={"engine": "postgres"}) == [
        "slipway:database.placement: wanted managed, found 'same-host'"
    ]


def test_every_line_of_the_table_refuses():
    asked = {
        "front": "nginx",
        "manager": "supervisor",
        "server": {"kind": "uwsgi"},
        "database": {"engine": "postgres", "extensions": ["citext"]},
        "domain": "a.example",
        "tls": {"certificate": "chain.pem"},
        "secretTls": {"key": "text"},
        "http": {
            "allow": ["10.0.0.0/8"], "staticAge": 60, "errorPages": "pages", "snippet": "front.conf", "maxBody": "5MB",
            "cors": ["https://b.example"], "redirectDomains": ["b.example"], "trustedProxies": ["10.0.0.0/8"],
        },
    }  # fmt: skip
    found = problems(NOTHING, app={**APP, **MORE, "cron": CRON, "packages": ["libpq5"]}, **asked)
    assert [one.partition(":")[2].partition(":")[0] for one in found] == [key for key in NOTHING if key != "app.healthHost"]
    assert problems(NOTHING, app={**APP, "healthHost": "a.example"}) == ["slipway:app.healthHost: wanted nothing, found 'a.example'"]
    assert problems({}, app={**APP, **MORE, "cron": CRON, "packages": ["libpq5"]}, **asked) == []


@pytest.mark.parametrize("database", ["none", "sqlite"])
def test_what_init_writes_is_taken(tmp_path, database):
    (tmp_path / "app.py").write_text("CACHE_DIR = 'var'\n" + f"os.environ['{'DATABASE_URL' * (database != 'none')}']")
    (tmp_path / "Procfile").write_text("release: x\nworker: y\n")
    (tmp_path / "static").mkdir()
    facts = init.facts_of(tmp_path, "wsgi:app", "")
    assert {fact.value for fact in facts if fact.key == "database.engine"} == {database}
    config = init.config(tmp_path / "shop", tmp_path, "wsgi:app", facts)
    assert target.chosen(settings.parse(config, (), "dev")) == target.find(config["slipway:target"])
