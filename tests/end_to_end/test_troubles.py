"""What goes wrong on a machine is told in one clear line, and nothing is lost."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cloud_init.host.base import processes


def lines(done: subprocess.CompletedProcess[str]) -> str:
    text = done.stdout + done.stderr
    assert "Traceback" not in text
    assert "internal error" not in text
    return text


def test_port_taken(site):
    with socket.create_server(("127.0.0.1", site.port)):
        done = site.run("up", "--yes")
    assert done.returncode == 1
    assert f"port {site.port}: wanted 127.0.0.1:{site.port} for the front server, found it taken" in lines(done)
    site.up()
    assert site.get() == "one"


def test_a_damaged_state_file(site):
    site.up()
    state = site.tree / "state.json"
    good = state.read_text()
    state.write_text(good[: len(good) // 2])
    done = site.run("up", "--yes")
    assert done.returncode == 1
    assert "state.json: the state is damaged" in lines(done)
    assert site.get() == "one"
    state.write_text(good)
    site.up()


def test_another_engines_tree(site):
    site.up()
    owner = site.tree / "owner.json"
    owner.write_text(json.dumps({"engine": "pulumi", "backend": "file:///x", "project": "slipway", "stack": "dev"}))
    site.edit('"one"', '"two"')
    done = site.run("up", "--yes")
    assert done.returncode == 2
    assert "is managed by the Pulumi CLI (backend file:///x)" in lines(done)
    assert site.get() == "one"
    assert site.run("adopt", "--yes").returncode == 0
    site.up()
    assert site.get() == "two"


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/usr/bin/chattr").exists(), reason="root writes anywhere; chattr is not here")
def test_a_read_only_folder(site):
    if os.geteuid() == 0:
        made = subprocess.run(["chattr", "+i", str(site.folder)], capture_output=True, check=False)
        if made.returncode:
            pytest.skip("this file system has no immutable folders")
    else:
        site.folder.chmod(0o555)
    try:
        done = site.run("up", "--yes")
        assert done.returncode == 1
        assert "can't be written" in lines(done)
    finally:
        if os.geteuid() == 0:
            subprocess.run(["chattr", "-i", str(site.folder)], check=True)
        else:
            site.folder.chmod(0o755)


def test_two_ups_at_once(site):
    command = [sys.executable, "-m", "ops", "up", "--yes"]
    both = [
        subprocess.Popen(command, cwd=site.folder, env=site.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert any("waiting for" in text for text in told)
    desired = json.loads((site.tree / "store/desired.json").read_text())
    assert len(desired["history"]) == 1


@pytest.mark.family("troubles on this machine")
def test_no_secret_anywhere(site):
    secret = "tr0ub4dor&3-'%s"
    site.environment["PULUMI_CONFIG_PASSPHRASE"] = "a passphrase"
    (site.folder / "Pulumi.dev.yaml").write_text((site.folder / "Pulumi.dev.yaml").read_text())
    done = site.run("config", "set", "--secret", "--path", "slipway:secretEnv.SHOP_KEY", secret)
    assert done.returncode == 0, done.stdout + done.stderr
    plan = site.run("preview")
    up = site.up()
    assert site.get("/env/SHOP_KEY") == secret
    told = plan.stdout + plan.stderr + up.stdout + up.stderr + (site.folder / "Pulumi.dev.yaml").read_text()
    allowed = {"env.json"}
    for path in site.tree.rglob("*"):
        if path.is_file() and secret.encode() in path.read_bytes():
            assert path.name in allowed or "store/secrets" in str(path), path
            assert path.stat().st_mode & 0o077 == 0, path
    assert (site.tree / "store").stat().st_mode & 0o077 == 0
    for pid in site.processes():
        told += Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    assert secret not in told
    first = site.release()
    site.run("config", "set", "--secret", "--path", "slipway:secretEnv.SHOP_KEY", "another")
    site.up()
    assert site.get("/env/SHOP_KEY") == "another"
    assert site.release() != first


def test_a_folder_that_is_copied_and_one_that_is_moved(site):
    """Launched for real: that what runs is found by what came along, and that a release is made whole, no mark shows."""
    site.up()
    site.post("/rows", "kept")
    folder, other = site.folder, Path(f"{site.folder}-other")
    subprocess.run(["cp", "-a", folder, other], check=True)
    copy = [sys.executable, "-m", "ops"]
    for words in (["up", "--yes"], ["destroy", "--yes"], ["exec", "--", "true"]):
        done = subprocess.run([*copy, *words], cwd=other, env=site.environment, capture_output=True, text=True, check=False)
        assert (done.returncode, "is a copy of" in lines(done)) == (2, True), lines(done)
    assert subprocess.run([*copy, "adopt", "--yes"], cwd=other, env=site.environment, check=False).returncode == 0
    assert site.get() == "one"
    shutil.rmtree(other)
    old = site.processes()
    folder.rename(other)
    site.folder, site.app, site.tree = other, other / "app", other / ".slipway/dev"
    site.environment["HOME"] = str(other / "home")
    assert site.run("destroy", "--yes").returncode == 2
    # What runs was told the old path: nobody reaches it, and nothing ended it.
    assert [pid for pid in old if processes.started(pid)] == old
    assert site.run("adopt", "--yes").returncode == 0
    assert [pid for pid in old if processes.started(pid)] == []
    site.up()
    assert (site.get(), json.loads(site.get("/rows"))) == ("one", ["kept"])
    assert "Nothing to do" in site.run("up", "--yes").stdout
