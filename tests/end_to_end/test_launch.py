"""The main job: launch, change, look, go back, destroy."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.quick("the main job, with SQLite: launched, released again with its rows kept, and nothing to do the third time")
def test_launch_change_and_nothing_to_do(site):
    first = site.up()
    assert f"http://127.0.0.1:{site.port}" in first.stdout
    assert site.get() == "one"
    site.post("/rows", "kept")
    site.edit('"one"', '"two"')
    site.up()
    assert site.get() == "two"
    assert json.loads(site.get("/rows")) == ["kept"]
    nothing = site.up()
    assert "Nothing to do" in nothing.stdout
    assert site.release() in nothing.stdout


def test_preview_changes_nothing(site):
    done = site.run("preview")
    assert done.returncode == 0, done.stderr
    assert not site.tree.exists() or not (site.tree / "srv").exists()


def test_day_two(site):
    site.up()
    status = json.loads(site.run("status", "--json").stdout)
    assert site.release() in json.dumps(status)
    releases = json.loads(site.run("releases", "--json").stdout)
    assert site.release() in json.dumps(releases)
    logs = site.run("logs", "-n", "50")
    assert "front" in logs.stdout
    assert '"request_time"' in logs.stdout
    backup = json.loads(site.run("backup", "--json").stdout)
    backups = json.loads(site.run("backups", "--json").stdout)
    assert lost(host_says(site, "status"), status["hosts"][0]) == []
    assert lost(host_says(site, "releases")["releases"], releases["hosts"][0]["releases"]) == []
    assert lost(host_says(site, "backups")["backups"], backups["backups"]) == []
    assert {"event", "at", "host", "ok", "path", "seconds", "steps"} <= backup.keys()
    assert backup["backup"] == backups["backups"][0]


def host_says(site, command):
    """The outcome of the host tool, word for word."""
    tool = [sys.executable, "-I", str(site.tree / "opt/slipway/host.pyz"), "--root", str(site.tree), command]
    return json.loads(subprocess.run(tool, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def lost(told, shown, where=""):
    """Keys that a host tells and a document lacks: people's scripts have them."""
    if isinstance(told, dict):
        here = [f"{where}.{key}" for key in told.keys() - shown.keys()]
        return here + [one for key in told.keys() & shown.keys() for one in lost(told[key], shown[key], f"{where}.{key}")]
    if isinstance(told, list):
        return [one for pair in zip(told, shown, strict=True) for one in lost(*pair, where)]
    return []


@pytest.mark.quick("an earlier release serves again, the plan says so, and `up` goes forward again")
def test_rollback_then_up(site):
    site.up()
    old = site.release()
    site.edit('"one"', '"two"')
    site.up()
    new = site.release()
    back = site.run("rollback")
    assert back.returncode == 0, back.stdout + back.stderr
    assert (site.get(), site.release()) == ("one", old)
    plan = site.run("preview").stdout
    assert f"live is {old} (rolled back by" in " ".join(plan.split())
    assert f"wanted {new}" in " ".join(plan.split())
    site.up()
    assert site.release() == new


def test_a_schema_newer_than_the_code_is_told_at_rollback(site):
    site.up()
    site.edit("text)", "text); CREATE TABLE IF NOT EXISTS more (id INTEGER)", "schema.sql")
    site.up()
    back = site.run("rollback")
    assert "never the schema" in back.stdout + back.stderr


@pytest.mark.family("destroying")
def test_destroy_keeps_data_and_leaves_no_process(site):
    site.up()
    site.post("/rows", "kept")
    done = site.run("destroy", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.processes() == []
    assert (site.tree / "srv/slipway/shop/shared/app.sqlite3").is_file()
    assert "shared" in done.stdout
    assert not (site.tree / "store").exists()
    site.up()
    assert json.loads(site.get("/rows")) == ["kept"]


def test_destroy_with_data_leaves_nothing(site):
    site.up()
    done = site.run("destroy", "--yes", "--with-data", "shop")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (site.tree / "srv").exists()


def test_up_brings_back_what_a_reboot_took(site):
    site.up()
    release = site.release()
    for pid in site.processes():
        os.kill(pid, 9)
    shutil.rmtree(site.tree / "run")
    plan = site.run("preview").stdout
    assert "nothing runs" in plan
    site.up()
    assert site.release() == release


def test_left_overs_of_a_killed_supervisor_are_ended(site):
    site.up()
    supervisor = int((site.tree / "run/slipway/shop/supervisord.pid").read_text())
    os.kill(supervisor, 9)
    assert site.get() == "one"
    site.up()
    assert site.get() == "one"
    gunicorns = [pid for pid in site.processes() if pid != supervisor]
    assert len(gunicorns) < 12


def test_a_strict_umask_does_not_lock_the_apps_user_out(site):
    done = site.run("up", "--yes", umask=0o077)
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.get() == "one"
    assert (site.tree / "state.json").stat().st_mode & 0o077 == 0


def test_a_killed_front_server_is_back_by_itself(site):
    site.up()
    master = int((site.tree / "run/slipway/shop/front/pid").read_text())
    workers = [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]
    os.kill(master, 9)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and (site.front_pid() in (None, master) or any(Path(f"/proc/{pid}").exists() for pid in workers)):
        time.sleep(0.1)
    assert site.front_pid() not in (None, master)
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    time.sleep(1)
    assert site.get() == "one"
