"""Backups, restores, the maintenance page and the last backup by the command line, as their user sees them."""

import json
import sqlite3
import urllib.error
from contextlib import closing
from pathlib import Path

import pytest


def told(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def ok(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.family("data by the command line")
def test_back_up_restore_close_and_destroy(site):
    early = site.run("backup")
    assert early.returncode == 1
    assert early.stderr.endswith("nothing is launched here yet; run `./slipway up`\n")
    site.up()
    site.post("/rows", "first")
    assert "rows in 1 table" in told(site.run("backup", "--reason", "before I try something"))
    site.post("/rows", "second")
    listed = json.loads(ok(site.run("backups", "--json")))["backups"]
    assert [(one["reason"], one["rows"]) for one in listed] == [("before I try something", {"rows": 1})]
    assert "before I try something" in told(site.run("backups"))
    identity = listed[0]["id"]

    asked = site.run("restore", identity, input="")
    assert asked.returncode != 0
    assert json.loads(site.get("/rows")) == ["first", "second"]  # nobody said yes
    assert f"backup {identity} is loaded; what was there before is backup" in told(site.run("restore", identity, "--yes"))
    assert json.loads(site.get("/rows")) == ["first"]
    before = json.loads(ok(site.run("backups", "--json")))["backups"][0]
    assert before["rows"] == {"rows": 2}
    assert json.loads(ok(site.run("restore", before["id"], "--yes", "--json")))["ok"]
    assert json.loads(site.get("/rows")) == ["first", "second"]
    unknown = site.run("restore", "20200101-000000", "--yes")
    assert unknown.returncode == 1
    assert "wanted a backup of this stack, found '20200101-000000'; there are: " in unknown.stderr

    assert "maintenance page" in told(site.run("maintenance", "on"))
    with pytest.raises(urllib.error.HTTPError, match="503"):
        site.get()
    assert "the maintenance page is up" in told(site.run("status"))
    assert "is the app again" in told(site.run("maintenance", "off"))
    assert site.get() == "one"

    last = json.loads(ok(site.run("destroy", "--yes", "--with-data", "shop", "--json")))["last_backup"]
    assert not list(site.tree.glob("srv/slipway/*/*"))
    with closing(sqlite3.connect(Path(last) / "dump")) as base:
        assert base.execute("SELECT text FROM rows ORDER BY id").fetchall() == [("first",), ("second",)]
    assert Path(last).stat().st_mode & 0o077 == 0
