"""Launching on a platform that builds and runs the app by itself: the real command line, engine and bundle.

The platform is targets/made_up.py; each launch takes about a second, because no environment is made: what the bundle's
Procfile names runs in that of the tests. Nothing cheaper shows that a bundle serves under its own release's id.
"""

import json
import sys
import tarfile
import urllib.request
from pathlib import Path
from typing import Any

import ports
import pytest
import yaml

import components.platforms
import components.targets
from cloud_init.host import contracts
from components import target
from components.errors import SlipwayError
from components.release.bundle import Bundle
from components.source import archive
from ops.engine import program

ROOT = Path(__file__).parents[2]
APP = """
import os
WORDS = "one"
STATUS = "200 OK"

def app(environ, start):
    start(STATUS, [("Content-Type", "text/plain")])
    return [(WORDS + " " + os.environ.get("TOKEN", "no token")).encode()]
"""
MODULES = ("components.targets.made_up", "components.platforms.made_up")


class Shop:
    """An app in a project folder, launched on the platform."""

    def __init__(self, folder, slipway):
        self.folder, self.slipway = folder, slipway
        self.port, self.check = ports.free(), ports.free()
        self.there = folder / "platform"
        self.there.mkdir()
        for name in ("Pulumi.yaml", "__main__.py"):
            (folder / name).symlink_to(ROOT / name)
        self.write(APP)
        (folder / "requirements.txt").write_text("flask==3.1.3 --hash=sha256:00\nGunicorn==20.0\n")
        self.config()

    def config(self, seconds=30):
        own = {"folder": str(self.there), "port": self.port, "check": self.check}
        app = {"name": "shop", "path": ".", "module": "wsgi:app", "python": "3.13", "env": {"COLOUR": "red"}, "startTimeout": seconds}
        values = {"target": "made-up", "app": app, "made-up": own}
        text = yaml.safe_dump({"config": {f"slipway:{key}": value for key, value in values.items()}})
        (self.folder / "Pulumi.dev.yaml").write_text(text)
        done = self.slipway("config", "set", "--secret", "--path", "slipway:secretEnv.TOKEN", "s3cret")
        assert done.exit_code == 0, done.output
        (self.folder / ".slipwayignore").write_text("platform\n.slipway\nPulumi*\n__main__.py\n")

    def write(self, text):
        (self.folder / "wsgi.py").write_text(text)

    def up(self, code=0):
        done = self.slipway("up", "--yes")
        assert done.exit_code == code, done.output
        return done.output

    def get(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
            return answer.read().decode(), answer.headers["X-Release-Id"]

    def platform(self):
        work: Any = target.find("made-up")
        return work.connect({"app": "shop", "folder": str(self.there), "port": self.port, "check": self.check, "health": "/"})

    def fail(self, how):
        (self.there / how).touch()


@pytest.fixture
def shop(tmp_path, slipway, monkeypatch):
    here = str(Path(__file__).parent / "targets")
    for package in (components.targets, components.platforms):
        monkeypatch.setattr(package, "__path__", [*package.__path__, here])
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    monkeypatch.chdir(tmp_path)
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    made = Shop(tmp_path, slipway)
    yield made
    for port in (made.port, made.check):
        made.platform().stop(port)
    for name in MODULES:
        sys.modules.pop(name, None)


def test_two_releases_a_way_back_and_nothing_to_do(shop):
    plan = shop.slipway("preview")
    assert plan.exit_code == 0, plan.output
    assert list(shop.there.iterdir()) == []
    first = shop.up()
    assert [word for word in ("shop: send", "shop: gate", "shop: promote", "shop: gate-public") if word not in first] == []
    words, old = shop.get()
    assert words == "one s3cret"
    assert f"serves release {old}" in first
    assert "Nothing to do" in shop.up()
    shop.write(APP.replace("one", "two"))
    shop.up()
    assert shop.get()[0] == "two s3cret"
    assert "wanted a kept release, found 'nosuch'" in shop.slipway("rollback", "nosuch").output
    back = shop.slipway("rollback")
    assert back.exit_code == 0, back.output
    assert shop.get() == ("one s3cret", old)
    assert f"live is {old}, wanted" in " ".join(shop.slipway("preview").output.split())
    shop.up()
    assert shop.get()[0] == "two s3cret"


def test_the_bundle(shop):
    shop.write(APP.replace('os.environ.get("TOKEN", "no token")', 'os.environ["SLIPWAY_RELEASE"] + " in " + os.getcwd()'))
    shop.up()
    place = shop.there / "releases" / shop.get()[1]
    assert shop.get()[0] == f"one {place.name} in {place / 'src'}"
    assert (place / "files/release").read_text().strip() == place.name
    assert (place / ".python-version").read_text() == "3.13\n"
    assert (place / "requirements.txt").read_text().splitlines() == ["flask==3.1.3", "gunicorn==27.0.1"]
    assert sorted(path.name for path in (place / "src").iterdir() if path.is_file()) == [".slipwayignore", "requirements.txt", "wsgi.py"]
    whole = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file() and path.name != "environment")
    assert b"s3cret" not in whole
    state = (shop.folder / ".slipway/dev/state.json").read_text()
    assert "s3cret" not in state


def test_the_same_input_gives_the_same_bytes(shop, tmp_path):
    shop.up()
    bundle = _bundle(shop)
    one, two = tmp_path / "platform/1", tmp_path / "platform/2"
    for path in (one, two):
        bundle.pack("abc", shop.folder, path)
    assert one.read_bytes() == two.read_bytes()
    with tarfile.open(one) as packed:
        assert [name for name in packed.getnames() if name.startswith(("/", ".."))] == []
    shop.write("changed = 1\n")
    bundle.pack("abc", shop.folder, two)  # as it was read when the release was named after it
    assert one.read_bytes() == two.read_bytes()
    archive.collect(shop.folder, keep=True)
    with pytest.raises(SlipwayError, match="files changed meanwhile"):
        bundle.pack("abc", shop.folder, two)


def test_a_run_of_the_program_reads_each_file_once(shop, monkeypatch):
    """Launched for real, since engine, program and provider each might read it again; an `up` plans first."""
    shop.up()
    read, ran, content, run = [], [], archive._content, program.run
    monkeypatch.setattr(archive, "_content", lambda entry: read.append(entry.path) or content(entry))
    monkeypatch.setattr(program, "run", lambda *words: ran.append(1) or run(*words))
    shop.write(APP.replace("one", "two"))
    shop.up()
    assert shop.get()[0] == "two s3cret"
    assert (read, len(ran)) == (2 * [".slipwayignore", "requirements.txt", "wsgi.py"], 2)


def _bundle(shop):
    (inputs,) = [
        one["inputs"]
        for one in json.loads((shop.folder / ".slipway/dev/state.json").read_text())["resources"]
        if one["name"] == "shop-deploy"
    ]
    return contracts.read(Bundle, json.loads(inputs["bundle"]))


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("refuse-send", "shop, send: the platform would not send: out of quota"),
        ("refuse-promote", "shop, promote: the platform would not promote: out of quota"),
        ("crash", "shop, gate: /: wanted 2xx from release"),
        ("status", "shop, gate: /: wanted 2xx from release"),
        ("misroute", "shop, gate-public: /: wanted 2xx from release"),
    ],
)
def test_a_release_that_fails_at_any_step_leaves_the_old_one_serving(shop, how, told, monkeypatch):
    shop.up()
    shop.config(1)
    old = shop.get()
    broken = {"crash": APP + 'raise RuntimeError("broken")\n', "status": APP.replace("200 OK", "500 No")}
    shop.write(broken.get(how, APP.replace("one", "two")))
    if how not in broken:
        shop.fail(how)
    said = shop.up(code=1)
    assert f"was refused; release {old[1]} still serves" in said
    assert told in said
    assert shop.get() == old
    assert shop.platform().live() == old[1]


def test_the_very_first_one_that_is_not_well_is_withdrawn(shop, monkeypatch):
    shop.fail("misroute")
    shop.config(4)
    assert "was refused; nothing serves yet" in shop.up(code=1)
    assert shop.platform().live() is None
    (shop.there / "misroute").unlink()
    shop.up()
    assert shop.get()[0] == "one s3cret"


def test_an_up_that_was_cut_off_after_it_promoted_is_taken_back(shop, monkeypatch):
    shop.config(4)
    shop.up()
    old = shop.get()[1]
    shop.write(APP.replace("one", "two"))
    shop.fail("refuse-promote")
    shop.up(code=1)
    (shop.there / "refuse-promote").unlink()
    new = next(path.name for path in (shop.there / "releases").iterdir() if path.name != old)
    (shop.there / "live").write_text(new)  # as a deployer leaves it that is killed right after the platform's answer
    said = shop.up(code=1)
    assert f"was refused; release {old} still serves" in said
    assert shop.platform().live() == old


def test_of_two_deployers_the_second_to_promote_is_refused(shop):
    shop.up()
    platform = shop.platform()
    with pytest.raises(SlipwayError, match=r"somebody else had .* promoted meanwhile"):
        platform.promote("abc", "not this one")
