"""Releases on App Engine, in a project that is a program of this machine (app_engine.py): sent, gated, promoted, gone back to."""

import json
import ssl
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from app_engine import BUCKET, PROJECT, REGION, app_engine

from components import platforms
from components.errors import MissingError, SlipwayError, UsageError
from components.hosts import progress
from components.platforms import Overtaken, Sendable
from components.platforms.appengine import AppEngine
from components.providers import PlatformAppProvider
from components.release import core
from components.settings import parse, target_options
from components.target import StackPlace
from components.targets import gcp_appengine

APP = """
import os
WORDS = "one"
STATUS = "200 OK"
def app(environ, start):
    start(STATUS, [("Content-Type", "text/plain")])
    return [f"{WORDS} {os.environ['KEY']} {environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']} {os.environ['COLOUR']}".encode()]
"""
PLACE = StackPlace(Path(), "slipway", "dev")
pytestmark = pytest.mark.launch


def application(region=REGION):
    """What the resource for the project's App Engine is told."""
    facts = {"platform": "appengine", "host": PROJECT, "app": "shop", "project": PROJECT, "region": region}
    return {"name": PROJECT, "facts": json.dumps(facts)}


class Shop:
    """An app that is launched there."""

    def __init__(self, there, folder):
        self.there, self.folder, self.notes = there, folder, list[str]()
        self.app = {"name": "shop", "module": "wsgi:app", "python": "3.13", "env": {"COLOUR": "red"}, "startTimeout": 30}
        self.own = {"project": PROJECT, "region": REGION}
        self.secrets = {"KEY": "hunter2"}
        self.proven = None
        (folder / "static").mkdir()
        (folder / "static/a.txt").write_text("still")
        (folder / "requirements.txt").write_text("")
        self.write()

    def write(self, words="one", status="200 OK", more=""):
        (self.folder / "wsgi.py").write_text(APP.replace('"one"', f'"{words}"').replace("200 OK", status) + more)

    def settings(self, **more):
        app = {**self.app, "static": {"/static": "static"}, **more.pop("app", {})}
        raw = {"slipway:target": "gcp-appengine", "slipway:app": app, "slipway:secretEnv": dict(self.secrets)}
        raw |= {"slipway:gcp-appengine": {**self.own, **more.pop("own", {})}, **{f"slipway:{name}": value for name, value in more.items()}}
        return parse(raw, ["slipway:secretEnv"], "dev")

    def release(self, **more) -> tuple[AppEngine, Sendable]:
        """The platform with what a plan tells it, and the release of what is in the folder."""
        settings = self.settings(**more)
        made = gcp_appengine.bundle(settings, self.folder)
        facts = gcp_appengine._facts(settings, target_options(settings, gcp_appengine.Options, "gcp-appengine"), PLACE)
        secrets = {**self.secrets, "SECRET_KEY": "k3y"}
        named = {}
        for name, value in secrets.items():
            named[name] = f"projects/{PROJECT}/secrets/shop-dev-{name}/versions/{sum(value.encode())}"
            self.there.secrets[named[name]] = value
        platform = AppEngine({**facts, "bucket": BUCKET, "secrets": named, "url": f"https://{self.there.hostname}"})
        identity = core.identity("key", made.manifest, secrets)
        return platform, Sendable(identity, made.manifest, made.source, secrets)

    def up(self, ok=True, **more):
        """As the resource does it: its verdict, and what serves."""
        if not self.there.app:  # it doesn't change later, so nobody makes it again
            PlatformAppProvider().made(application(), {})
        platform, release = self.release(**more)
        with progress.listen(lambda event: self.notes.append(event.text)):
            verdict = platforms.deploy(platform, platform.url, release, self.proven)
        assert verdict.ok is ok, verdict.message
        self.proven = verdict.live or ""
        return verdict

    def get(self, path="/", headers=None):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        asked = urllib.request.Request(f"https://{self.there.hostname}{path}", headers=headers or {})
        with urllib.request.urlopen(asked, timeout=10, context=context) as answer:
            return answer.read().decode(), answer.headers["X-Release-Id"]


@pytest.fixture
def there(tmp_path, monkeypatch):
    (tmp_path / "google").mkdir()
    with app_engine(tmp_path / "google", monkeypatch) as made:
        yield made


@pytest.fixture
def shop(there, tmp_path):
    (tmp_path / "app").mkdir()
    return Shop(there, tmp_path / "app")


def test_two_releases_and_back(shop, there):
    first = shop.up()
    words, serves = shop.get(headers={"X-Appengine-User-Ip": "203.0.113.9", "X-Forwarded-Proto": "http"})
    assert (words, serves) == ("one hunter2 198.51.100.7 https red", first.release)
    assert shop.get("/static/a.txt")[0] == "still"
    assert (there.objects, there.split) == ({}, {f"r{first.release}": 1})
    assert f"Cloud Build builds it: https://console.cloud.google.com/cloud-build/builds?project={PROJECT}" in shop.notes
    shop.write("two")
    second = shop.up(own={"minInstances": 1})
    assert shop.get() == ("two hunter2 198.51.100.7 https red", second.release)
    platform, _ = shop.release(own={"minInstances": 1})
    assert [(one.id, one.live) for one in platform.releases()[0].releases] == [(second.release, True), (first.release, False)]
    (one,) = platform.status()
    assert (one.host, one.live.release, one.front["traffic"], len(one.processes)) == (f"r{second.release}", second.release, "100%", 1)
    back = platform.rollback(None)
    assert (back.ok, back.live) == (True, first.release)
    assert shop.get()[1] == first.release
    least = {name: one["automaticScaling"]["standardSchedulerSettings"]["minInstances"] for name, one in there.versions.items()}
    assert least == {f"r{first.release}": 1, f"r{second.release}": 0}
    assert platform.rollback("nosuch").message.endswith(f"wanted one of {second.release}, which are kept, found 'nosuch'")


def test_secrets_are_nowhere_but_in_their_store(shop, there):
    shop.up()
    (version,) = there.versions.values()
    told = json.dumps([there.asked, version, there.entries]) + "".join(shop.notes)
    assert "hunter2" not in told
    files = [path for path in (there.folder / version["id"]).rglob("*") if path.is_file()]
    assert [path for path in files if b"hunter2" in path.read_bytes()] == []


@pytest.mark.parametrize("how", ["build", "status", "crash", "secret"])
def test_what_fails_leaves_the_old_one_serving(shop, there, how):
    old = shop.up().release
    shop.app["startTimeout"] = 2
    more = {"crash": 'raise RuntimeError("broken")\n'}
    shop.write("two", "500 No" if how == "status" else "200 OK", more.get(how, ""))
    if how == "build":
        there.fails["build"] = "Cloud Build b-1 status: FAILURE.\nFull build logs: https://console.cloud.google.com/cloud-build/builds/b-1"
    platform, release = shop.release()
    if how == "secret":
        for name in [one for one in there.secrets if "KEY/" in one]:
            del there.secrets[name]
    verdict = platforms.deploy(platform, platform.url, release, old)
    told = {"build": "shop, send: Cloud Build b-1 status: FAILURE. Full build logs: https"}.get(
        how, "shop, gate: /: wanted 2xx from release"
    )
    assert f"was refused; release {old} still serves" in verdict.message
    assert told in verdict.message
    assert shop.get()[1] == old
    if how == "secret":
        said = (there.folder / f"r{release.id}" / "log").read_text()
        assert said.strip().splitlines()[-1] == "slipway: KEY: wanted from Secret Manager, found HTTP 403; see the account's rights"
        assert len(said.strip().splitlines()) == 1


def test_a_split_that_users_do_not_see_is_taken_back(shop, there):
    old = shop.up().release
    there.fails["misroute"], shop.app["startTimeout"] = f"r{old}", 2
    shop.write("two")
    said = shop.up(ok=False).message
    assert f"release {old} still serves\nshop, gate-public: /: wanted 2xx from release" in said
    assert there.split == {f"r{old}": 1}


def test_the_very_first_one_that_is_not_well(shop, there):
    shop.app["startTimeout"] = 2
    shop.write(status="500 No")
    assert "was refused; nothing serves yet" in shop.up(ok=False).message
    assert there.app["servingStatus"] == "USER_DISABLED"
    shop.write()
    shop.up()
    assert shop.get()[0].startswith("one hunter2")


@pytest.mark.parametrize(
    "cut",
    ["POST .*/upload/", "POST .*/versions", "PATCH .*services/default[?]", "PATCH .*/versions/", "POST .*/builds", "DELETE .*/storage/"],
)
def test_the_line_is_cut_and_up_goes_on(shop, there, cut):
    old = shop.up().release
    there.takes = 0.3
    shop.write("two")
    there.cut = {cut}
    command = {"releaseCommand": "true"}
    refused = shop.up(ok=False, app=command).message
    assert f"release {old} still serves\nshop, " in refused
    assert "not reachable" in refused
    assert shop.get()[1] == old
    shop.up(app=command)
    assert shop.get()[0].startswith("two hunter2")


def test_a_release_command(shop, there):
    shop.app["releaseCommand"] = "flask db upgrade && echo $HOME"
    shop.up()
    (build,) = there.builds
    step = build["steps"][-1]
    assert (step["name"], build["substitutions"]) == ("python:${_PYTHON}", {"_PYTHON": "3.13"})
    assert step["env"] == ["COLOUR=red", "SLIPWAY_COMMAND=flask db upgrade && echo $$HOME", "SLIPWAY_DATABASE="]
    assert step["secretEnv"] == ["KEY", "SECRET_KEY"]
    assert "release command build-1" in " ".join(shop.notes)
    there.fails["command"] = "build step 0 failed: exit status 1"
    shop.write("two")
    assert "shop, send: the release command failed: build step 0 failed: exit status 1" in shop.up(ok=False).message
    assert "release command build-2" in " ".join(shop.notes)
    assert shop.get()[0].startswith("one")


def test_of_two_deployers_one_wins(shop, there):
    old = shop.up().release
    shop.write("two")
    platform, two = shop.release()
    platform.send(two)
    shop.write("three")
    three = shop.up().release
    with pytest.raises(Overtaken, match=f"somebody else had {three} promoted meanwhile"):
        platform.promote(two.id, old)
    assert there.users() == f"r{three}"


def test_two_at_once_send_the_same(shop, there):
    """The second waits for what the first began, and sends nothing."""
    shop.up()
    there.takes = 1.0
    shop.write("two")
    platform, release = shop.release()
    first = threading.Thread(target=platform.send, args=(release,))
    first.start()
    while not [one for one in there.operations.values() if not one.get("done")]:
        time.sleep(0.01)
    shop.up()
    first.join()
    assert shop.get()[0].startswith("two")
    assert len([one for one in there.asked if one[0] == "POST appengine" and one[1].endswith("/versions")]) == 2


def test_five_are_kept_and_what_is_not_ours_stays(shop, there):
    for words in "abcdefg":
        shop.write(words)
        shop.up()
        if words == "b":
            there.versions["mine"] = {**next(iter(there.versions.values())), "id": "mine"}
    assert len(there.versions) == 6
    assert "mine" in there.versions
    assert shop.get()[0].startswith("g")


@pytest.mark.parametrize(
    ("status", "words", "told"),
    [
        (429, "Quota exceeded for quota metric 'Create version'", "Quota exceeded for quota metric 'Create version'"),
        (403, "Permission 'appengine.versions.create' denied on resource", "Permission 'appengine.versions.create' denied on "
         "resource; docs/targets/gcp-appengine.md says what this login needs"),
        (403, "It has not been used: https://console.developers.google.com/apis/api/appengine.googleapis.com/overview then retry",
         "/apis/api/appengine.googleapis.com/overview then retry; docs/targets/gcp-appengine.md says what"),
        (400, "The first service (module) you upload must be the 'default' service", "The first service (module) you upload must be"),
    ],
)  # fmt: skip
def test_what_google_refuses_is_told_in_one_line(shop, there, status, words, told):
    old = shop.up().release
    shop.write("two")
    there.fails["POST appengine"] = (status, words)
    message = shop.up(ok=False).message
    assert message.splitlines()[0].endswith(f"release {old} still serves")
    assert told in message
    assert len(message.splitlines()) == 2


def test_the_application(there):
    provider, asked = PlatformAppProvider(), application()
    assert provider.made(asked, {})["url"] == f"https://{there.hostname}"
    assert there.app["locationId"] == "europe-west"
    assert provider.made(asked, {})["addresses"] == [there.hostname]
    with pytest.raises(
        UsageError, match=f"region: wanted europe-west, where App Engine of {PROJECT} is for ever, found europe-west3; set "
    ):
        provider.made(application("europe-west3"), {})
    said = []
    with progress.listen(lambda event: said.append(event.text)):
        provider.delete("", asked)
    assert there.app["servingStatus"] == "USER_DISABLED"
    assert said == ["App Engine's application can't be removed: it stays, switched off, until the next `up`"]
    provider.made(asked, {})
    assert there.app["servingStatus"] == "SERVING"


def test_nobody_is_signed_in(there, monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(MissingError, match=r"^google: wanted a login, found none .*run: gcloud auth application-default login"):
        PlatformAppProvider().made(application(), {})


def test_logs(shop, there):
    shop.up()
    for words in ("one", "two", "three"):
        there.log(words)
    platform, _ = shop.release()
    assert [line[20:] for line in platform.logs(2, False)] == ["two", "three"]
    there.entries[-2] |= {"textPayload": "", "protoPayload": {"method": "GET", "resource": "/a", "status": 200}}
    there.entries[-1] |= {"textPayload": "", "jsonPayload": {"message": "three"}}
    assert [line[20:] for line in platform.logs(2, False)] == ["GET /a 200", "three"]
    following = platform.logs(1, True)
    assert next(following)[20:] == "three"
    there.log("four")
    assert next(following)[20:] == "four"


def test_nothing_serves_yet(there, shop):
    platform, _ = shop.release()
    assert [(one.ok, one.message) for one in platform.status()] == [(False, "nothing serves; `up` launches it")]
    there.fails["POST logging"] = (403, "Permission 'logging.logEntries.list' denied")
    with pytest.raises(SlipwayError, match=r"Permission 'logging\.logEntries\.list' denied; docs/targets/gcp-appengine\.md"):
        list(platform.logs(1, False))


def test_a_slow_start(shop):
    shop.write(more="import time\ntime.sleep(4)\n")
    shop.up()
    assert shop.get()[0].startswith("one")


def test_a_version_that_is_not_ours_gets_its_traffic_back_as_it_is(shop, there):
    shop.up()
    (serves,) = there.versions
    there.versions["mine"] = {**there.versions.pop(serves), "id": "mine"}
    there.running["mine"] = there.running.pop(serves)
    (there.folder / serves).rename(there.folder / "mine")
    there.split, shop.app["startTimeout"] = {"mine": 1}, 1
    shop.write("two")
    platform, release = shop.release(own={"minInstances": 1})
    platform.send(release)
    platform.promote(release.id, "mine")
    platform.promote("mine", release.id)
    assert there.users() == "mine"
    assert there.versions["mine"]["automaticScaling"]["standardSchedulerSettings"]["minInstances"] == 0


def test_what_is_asked_after_a_launch(shop, there, monkeypatch):
    """By the settings alone, as the command line does."""
    first = shop.up()
    there.secrets.clear()
    deployed = gcp_appengine.deployment(shop.settings(), PLACE)
    assert deployed.url == f"https://{there.hostname}"
    assert [one.live.release for one in deployed.status()] == [first.release]
    for verb, wanted in (
        ("run", "exec: App Engine lets nobody in; "),
        ("backup", "backup: Cloud SQL keeps"),
        ("maintenance", "maintenance: App"),
    ):
        with pytest.raises(UsageError, match=f"^{wanted}"):
            getattr(deployed, verb)(*{"run": (["ls"], None), "backup": ("x",), "maintenance": (True,)}[verb])


def test_a_first_version_that_gets_no_traffic_by_itself(shop, there):
    """Nobody here has seen which of both App Engine does."""
    there.first_gets_all = False
    first = shop.up()
    assert shop.get()[1] == first.release
    assert there.split == {f"r{first.release}": 1}
