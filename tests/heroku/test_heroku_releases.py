"""Releases on Heroku by the real command line, engine and bundle, on a Heroku of this machine (fake_heroku.py): each `up` takes a
second or two, as nothing is installed there. test_heroku_apps.py builds for real."""

import json
import re
import time
from typing import Any

import pytest
from heroku_shop import APP

POST_BUILD = ["POST /sources", "POST /apps/slipway-dev/builds"]
CONFIG = "PATCH /apps/slipway-dev/config-vars"
PREBOOT = "PATCH /apps/slipway-dev/features/preboot"
BACK = "POST /apps/slipway-dev/releases"
READ = {f"GET /apps/slipway-dev/{one}" for one in ("builds", "releases", "formation", "config-vars")}


def two(shop):
    shop.write(APP.replace("one", "two"))


def test_first_up_second_without_a_change_and_changed_code(shop, heroku):
    first = shop.up()
    assert [word for word in ("slipway-dev: send", "slipway-dev: promote", "slipway-dev: gate-public") if word not in first] == []
    assert "slipway-dev: -----> Building on the heroku-26 stack" in first
    assert "a basic dyno ends before the next one starts: seconds without answer at each release" in first
    words, release = shop.get()
    assert words == "one s3cret 203.0.113.9"
    assert f"http://127.0.0.1:{shop.app.port} serves release {release}" in first
    assert heroku.changed() == ["POST /apps", "PATCH /apps/slipway-dev", POST_BUILD[0], CONFIG, POST_BUILD[1]]
    assert "Nothing to do" in shop.up()
    assert heroku.count() == dict.fromkeys(READ, 1)
    two(shop)
    shop.up()
    assert heroku.changed() == POST_BUILD
    assert shop.get()[0] == "two s3cret 203.0.113.9"


@pytest.mark.launch
def test_calls_of_a_release_with_new_code(launched, heroku):
    """Each counts: an account has 4500 an hour."""
    shop = launched()
    two(shop)
    shop.up()
    seen = heroku.count()
    assert {name: number for name, number in seen.items() if name.startswith("POST")} == dict.fromkeys(POST_BUILD, 1)
    # The plan asks what is live, the run again, as do sending and promoting; then whether it was overtaken.
    lists = {f"GET /apps/slipway-dev/{one}": 6 for one in ("builds", "releases")}
    assert {name: seen[name] for name in lists} == lists
    assert sum(seen.values()) < 35


CHANGES = {
    # what is changed -> the calls that change something at Heroku
    "code": POST_BUILD,
    "config": [POST_BUILD[0], CONFIG, POST_BUILD[1]],
    "a variable less": [POST_BUILD[0], CONFIG, POST_BUILD[1]],
    "a rotated secret": [POST_BUILD[0], CONFIG, POST_BUILD[1]],
    "threads": POST_BUILD,
    "dynos": ["PATCH /apps/slipway-dev", "PATCH /apps/slipway-dev/formation"],
    "a better type": ["PATCH /apps/slipway-dev", *POST_BUILD, "PATCH /apps/slipway-dev/formation", PREBOOT],  # it is waited for longer
    "a domain": ["PATCH /apps/slipway-dev", "POST /apps/slipway-dev/domains", "POST /apps/slipway-dev/acm"],
}


@pytest.mark.launch
@pytest.mark.parametrize("what", CHANGES)
def test_what_a_change_causes(launched, heroku, what):
    """The table of docs/targets/heroku.md."""
    shop = launched()
    if what == "code":
        two(shop)
    elif what == "a rotated secret":
        shop.config(token="n3w")
    else:
        sections: dict[str, Any] = {
            "config": {"app": {"env": {"COLOUR": "blue"}}},
            "a variable less": {"app": {"env": {}}},
            "threads": {"server": {"threads": 7}},
            "dynos": {"heroku": {"quantities": {"web": 2}}},
            "a better type": {"heroku": {"dynos": {"web": "standard-1x"}}},
            "a domain": {"domain": "shop.example.com"},
        }
        shop.config(**sections[what])
    shop.up()
    assert heroku.changed() == CHANGES[what]
    assert "Nothing to do" in shop.up()
    if what == "a rotated secret":
        assert shop.get()[0] == "one n3w 203.0.113.9"
    if what == "a variable less":
        assert "COLOUR" not in shop.app.config
    if what == "a better type":
        assert shop.app.features == {"preboot": True}


@pytest.mark.launch
def test_a_domain_is_told_with_where_it_is_to_lead(shop, heroku):
    shop.config(domain="shop.example.com")
    said = shop.up()
    assert "set CNAME shop.example.com → leafy-1.herokudns.com; the certificate follows by itself" in said
    assert "Done: https://shop.example.com serves release" in said
    assert json.loads(shop.run("stack", "output", "--json"))["addresses"] == ["leafy-1.herokudns.com"]
    assert (heroku.apps["slipway-dev"].acm, shop.get(Host="shop.example.com")[0]) == (True, "one s3cret 203.0.113.9")


def test_config_vars_of_others_stay_and_a_managed_database_is_made(launched, heroku):
    shop = launched(database={"engine": "postgres", "placement": "managed"})
    assert [one["plan"]["name"] for one in shop.app.addons] == ["heroku-postgresql:essential-0"]
    shop.app.config["BY_HAND"] = "1"
    shop.write(APP.replace("WORDS =", "WORDS = os.environ['DATABASE_URL']; OLD ="))
    shop.config(token="n3w", database={"engine": "postgres", "placement": "managed"})
    shop.up()
    assert shop.app.config["BY_HAND"] == "1"
    assert shop.get()[0].startswith("postgresql://u:p@db.example:5432/d n3w")  # `.profile`; Heroku says postgres://
    shop.config(token="", database={"engine": "postgres", "placement": "managed"}, heroku={"database": "standard-0"})
    assert "wanted heroku-postgresql:essential-0, which is there, found heroku-postgresql:standard-0" in shop.up(code=1)


@pytest.mark.launch
def test_release_command_and_processes(shop, heroku):
    shop.write(APP.replace("WORDS =", "WORDS = open('made').read(); OLD ="))
    shop.config(app={"releaseCommand": "echo migrating $TOKEN | cat && pwd", "processes": {"worker": "sleep 100"}})
    (shop.folder / "made").write_text("made")
    said = shop.up()
    assert "slipway-dev: migrating ***" in said
    assert re.search(r"slipway-dev: /.*/src", said)
    assert set(shop.app.formation) == {"web", "worker"}
    assert shop.app.formation["worker"]["quantity"] == 1
    assert set(shop.app.dynos) == {"web.1", "worker.1"}


@pytest.mark.launch
def test_a_pipe_that_fails_fails_the_release_command(launched):
    shop = launched()
    old = shop.get()
    shop.config(app={"releaseCommand": "false | true"})
    assert "the release command failed" in shop.up(code=1)
    assert shop.get() == old


@pytest.mark.launch
def test_who_asks_the_router_says_last(launched):
    shop = launched()
    assert shop.get(**{"X-Forwarded-For": "198.51.100.7"})[0] == "one s3cret 203.0.113.9"


@pytest.mark.launch
def test_static_files_have_the_release_id_and_workers_follow_the_platform(shop):
    (shop.folder / "assets").mkdir()
    (shop.folder / "assets/a.css").write_text("p {}")
    shop.config(app={"static": {"/files": "assets"}})
    shop.up()
    assert shop.get("/files/a.css") == ("p {}", shop.get()[1])
    until = time.monotonic() + 10
    while shop.app.log.read_text().count("Booting worker") < 2 and time.monotonic() < until:
        time.sleep(0.1)
    assert shop.app.log.read_text().count("Booting worker") == 2  # WEB_CONCURRENCY, as the buildpack sets it


@pytest.mark.launch
def test_one_package_file_at_the_root_whatever_the_app_has(launched, heroku):
    shop = launched()
    (shop.folder / "uv.lock").write_text("version = 1\n")
    shop.config(app={"requirements": "requirements.txt"})
    two(shop)
    shop.up()
    newest = list(shop.app.builds)[-1]
    root = sorted(path.name for path in (shop.app.folder / newest).iterdir())
    assert root == [".profile", "Procfile", "files", "requirements.txt", "src"]
    whole = b"".join(path.read_bytes() for path in (shop.app.folder / newest).rglob("*") if path.is_file())
    assert b"s3cret" not in whole
    assert "s3cret" not in (shop.folder / ".slipway/dev/state.json").read_text()


def test_rollback_and_the_next_up(launched, heroku):
    shop = launched()
    old = shop.get()
    two(shop)
    shop.config(token="n3w")
    shop.up()
    new = shop.get()
    heroku.calls.clear()
    assert "serves" in shop.run("rollback")
    assert heroku.changed() == [BACK]
    assert shop.get() == old  # the secret of then, too
    assert f"live is {old[1]}, wanted {new[1]}" in " ".join(shop.run("preview").split())
    shop.up()
    assert shop.get() == new
    shop.run("rollback", old[1])
    assert shop.get() == old
    assert "wanted a release that Heroku keeps, found nosuch" in shop.run("rollback", "nosuch", code=1)


@pytest.mark.launch
def test_destroy_and_the_data(launched, heroku):
    shop = launched(database={"engine": "postgres", "placement": "managed"})
    heroku.calls.clear()
    plain = shop.run("destroy", "--yes", code=2)
    assert plain == "slipway: destroy: Heroku's database goes with its app: say so, by --with-data and the app's name\n"
    said = shop.run("destroy", "--yes", "--with-data", "shop", code=1)
    assert heroku.changed() == []
    assert "wanted slipway:keepData: false, as Heroku's database goes with its app, found true; set it, then `up`" in said
    assert shop.get()[0] == "one s3cret 203.0.113.9"
    shop.config(token="", database={"engine": "postgres", "placement": "managed"}, keepData=False)
    shop.up()
    shop.run("destroy", "--yes", "--with-data", "shop")
    assert heroku.apps == {}


def test_destroy_where_there_is_no_data(launched, heroku):
    shop = launched()
    heroku.stop_dynos(heroku.apps.pop("slipway-dev"))  # somebody was quicker, by hand
    assert "Destroyed" in shop.run("destroy", "--yes")


@pytest.mark.launch
def test_another_name_is_another_app(launched, heroku):
    shop = launched()
    shop.config(heroku={"name": "shop-2"})
    shop.up()
    assert list(heroku.apps) == ["shop-2"]
