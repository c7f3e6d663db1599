"""What goes wrong on Heroku: said with its own words in a line, while the old release serves, its config vars included; the next
`up` goes on from there."""

import netrc
import threading

import pytest
import requests
from fake_heroku import KEY
from heroku_shop import APP

from components import platforms
from components.errors import SlipwayError
from components.platforms import heroku as platform

FACTS = {"host": "slipway-dev", "owner": "slipway/dev", "domain": None, "formation": {"web": {"quantity": 1, "size": "basic"}}}
CONFIG = "PATCH /apps/slipway-dev/config-vars"


def two(shop, text=APP):
    shop.write(text.replace("one", "two"))


def unbroken(shop, old, token):
    """The old release serves, with the value of then."""
    assert shop.get() == old
    assert shop.app.config["TOKEN"] == token


@pytest.mark.launch
@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("build", "slipway-dev, promote: the build failed"),
        ("release", "slipway-dev, promote: the release command failed"),
        ("crash", "slipway-dev, gate-public: /: wanted 2xx from release"),
        ("status", "slipway-dev, gate-public: /: wanted 2xx from release"),
        ("quota", "slipway-dev, promote: Heroku: 402, Your account has no credit left. (delinquent)"),
    ],
)
def test_what_fails_leaves_the_old_release_with_its_config_vars(launched, heroku, how, told):
    shop = launched()
    old = shop.get()
    two(shop)
    shop.config(token="n3w", app={"startTimeout": 2, **({"releaseCommand": "echo no such column; exit 3"} if how == "release" else {})})
    if how == "build":
        (shop.folder / "requirements.txt").write_text("flask==3.1.3\nnosuchpackage==1\n")
    if how == "crash":
        two(shop, APP + 'raise RuntimeError("broken")\n')
    if how == "status":
        two(shop, APP.replace("200 OK", "500 No"))
    heroku.quota = how == "quota"
    said = shop.up(code=1)
    assert f"was refused; release {old[1]} still serves" in said
    assert told in said
    reasons = {"build": "  |  !     Error: Unable to install dependencies using pip.", "release": "failed\n  | no such column"}
    assert reasons.get(how, "") in said
    unbroken(shop, old, "s3cret")
    heroku.quota = False
    two(shop)
    (shop.folder / "requirements.txt").write_text("flask==3.1.3\n")
    shop.config(token="n3w")
    shop.up()
    assert shop.get()[0] == "two n3w 203.0.113.9"


@pytest.mark.launch
def test_a_slow_start_is_waited_for(launched):
    shop = launched()
    two(shop, APP + "import time; time.sleep(3)\n")
    shop.up()
    assert shop.get()[0] == "two s3cret 203.0.113.9"


@pytest.mark.launch
def test_the_very_first_one_that_is_not_well_is_withdrawn(shop, heroku):
    shop.write(APP.replace("200 OK", "500 No"))
    shop.config(app={"startTimeout": 2})
    assert "was refused; nothing serves yet" in shop.up(code=1)
    assert (shop.app.formation["web"]["quantity"], shop.get()[0]) == (0, "503 Application error (H10)")
    assert platform.Platform(FACTS).live() is None
    shop.write(APP)
    shop.up()
    assert shop.get()[0] == "one s3cret 203.0.113.9"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("taken", "Heroku: 403, You do not have access to the app taken. (forbidden)"),
        ("theirs", "slipway:heroku.name: wanted a new app, found theirs, which another stack or person has; take another"),
    ],
)
def test_a_name_that_somebody_has(shop, heroku, name, told):
    app = heroku.make("theirs")
    (app.folder / "slug").mkdir()
    (app.folder / "slug/Procfile").touch()
    heroku.release(app, "slug", "Deploy by hand")
    shop.config(heroku={"name": name})
    assert told in shop.up(code=1)
    assert app.config == {}


@pytest.mark.launch
def test_an_empty_app_is_taken(shop, heroku):
    heroku.make("slipway-dev")
    shop.up()
    assert shop.get()[0] == "one s3cret 203.0.113.9"


@pytest.mark.launch
def test_an_app_of_another_region(shop, heroku):
    heroku.make("slipway-dev", region="eu")
    assert "slipway:heroku.region: wanted eu, where the app is for good, found us; set it back" in shop.up(code=1)


def test_the_key(shop, heroku, monkeypatch, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("NETRC", str(home / "netrc"))
    monkeypatch.setenv("HEROKU_API_KEY", "wrong")
    wanted = "Heroku: 401, Invalid credentials provided. (unauthorized); set HEROKU_API_KEY, or run `heroku login`"
    said = shop.up(code=1)
    assert wanted in said
    assert "wrong" not in said.replace("401", "")
    monkeypatch.delenv("HEROKU_API_KEY")
    assert wanted in shop.up(code=1)
    (home / "netrc").write_text(f"machine api.heroku.com login me@example.com password {KEY}\nmachine 127.0.0.1 login a password b\n")
    assert netrc.netrc(home / "netrc").authenticators("api.heroku.com")
    shop.up()
    assert shop.get()[0] == "one s3cret 203.0.113.9"


STEPS = [
    "GET /apps/slipway-dev", "POST /apps", "PATCH /apps/slipway-dev", "POST /sources", "PUT /blobs", CONFIG,
    "POST /apps/slipway-dev/builds",
    "GET /streams", "GET /apps/slipway-dev/builds/", "GET /apps/slipway-dev/releases/", "GET /apps/slipway-dev/formation",
    "GET /apps/slipway-dev/features",
]  # fmt: skip


@pytest.mark.launch
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_first_up_that_is_cut_off_at_any_call_is_finished_by_the_next(shop, heroku, step, when):
    """`before`: Heroku never hears it; `after`: it does it, and its answer is lost."""
    heroku.cut = {step: when}
    said = shop.run_any("up", "--yes")
    if step == "GET /streams":  # the output alone
        assert "Done" in said
    else:
        assert f"wanted an answer of 127.0.0.1:{heroku.port}, found ConnectionError; run it again" in said
    heroku.cut = {}
    wait(shop)
    shop.up()
    assert shop.get()[0] == "one s3cret 203.0.113.9"
    assert "Nothing to do" in shop.up()


@pytest.mark.launch
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", [one for one in STEPS if one not in ("POST /apps", "PATCH /apps/slipway-dev", "GET /apps/slipway-dev")])
def test_a_later_up_that_is_cut_off_at_any_call(launched, heroku, step, when):
    shop = launched()
    old = shop.get()
    two(shop)
    shop.config(token="n3w")
    heroku.cut = {step: when}
    said = shop.run_any("up", "--yes")
    heroku.cut = {}
    wait(shop)
    assert shop.get()[1] in (old[1], *(one["source_blob"]["version"] for one in shop.app.builds.values()))
    assert "s3cret" not in said
    shop.up()
    assert shop.get()[0] == "two n3w 203.0.113.9"
    assert "Nothing to do" in shop.up()


def wait(shop):
    """Until what was begun there is done: no build is under way, no release pending."""
    app = shop.heroku.apps.get("slipway-dev")
    for _ in range(200):
        if not app or not any(one["status"] == "pending" for one in [*app.builds.values(), *app.releases]):
            return
        threading.Event().wait(0.05)
    raise AssertionError("it never ends")


def test_who_is_slower_is_refused_before_anything_changes(launched, heroku):
    shop = launched()
    old, slower = shop.get()[1], platform.Platform(FACTS)
    assert slower.live() == old
    two(shop)
    shop.up()
    heroku.calls.clear()
    with pytest.raises(platforms.Overtaken, match=rf"wanted {old} to serve, found {shop.get()[1]}: somebody else was quicker"):
        slower.promote("abc", old)
    assert heroku.changed() == []


def test_one_that_comes_later_wins_and_the_first_says_so(launched, heroku, monkeypatch):
    shop = launched()
    two(shop)
    follow, seen = platform.Platform._follow, []

    def followed(self, begun, path, what):
        done = follow(self, begun, path, what)
        if path == "releases" and not seen:
            seen.append(1)
            with shop.app.lock:
                heroku._phase(shop.app, heroku.release(shop.app, next(iter(shop.app.builds)), "Deploy by somebody else"))
        return done

    monkeypatch.setattr(platform.Platform, "_follow", followed)
    first = next(iter(shop.app.builds.values()))["source_blob"]["version"]
    said = shop.up(code=1)
    assert f"to be this one, found {first}: somebody else was later" in said
    assert f"release {first} still serves" in said
    assert shop.get()[1] == first


def test_a_rate_limit_is_told(monkeypatch, heroku):
    answer = requests.Response()
    answer.status_code, answer._content = 429, b'{"id": "rate_limit", "message": "Your account reached the API rate limit."}'
    monkeypatch.setattr(requests, "request", lambda *words, **more: answer)
    with pytest.raises(SlipwayError) as error:
        platform.Platform({"host": "x"}).drift()
    assert str(error.value) == "Heroku: 429, Your account reached the API rate limit. (rate_limit); wait some minutes, then run it again"


def test_no_address_with_a_signature_is_told(heroku):
    with pytest.raises(SlipwayError) as error:
        platform._ask("PUT", "http://127.0.0.1:9/?Signature=hunter2", data=b"")
    assert "hunter2" not in str(error.value)
