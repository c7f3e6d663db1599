"""The same folder on the Pulumi CLI. Runs where `pulumi` is on PATH."""

import copy
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from pulumi_cli import PulumiCli

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")


@pytest.mark.family("the Pulumi CLI")
def test_up_preview_change_rollback_destroy(site, pulumi):
    pulumi("preview")
    pulumi("up", "--yes")
    assert site.get() == "one"
    pulumi("preview", "--expect-no-changes")
    first = site.release()
    site.edit('"one"', '"two"')
    pulumi("up", "--yes")
    assert site.get() == "two"
    assert pulumi("stack", "output", "url").strip() == f"http://127.0.0.1:{site.port}"
    assert site.run("up").stdout.startswith("Nothing to do")
    refused = site.run("up", "--yes", env={**site.environment, "PULUMI_BACKEND_URL": f"file://{site.folder}/home"})
    assert refused.returncode == 2
    assert "is managed by the Pulumi CLI" in refused.stdout + refused.stderr
    assert site.run("rollback").returncode == 0
    assert site.release() == first
    assert "rolled back by" in pulumi("preview", "--diff")
    site.edit("VERSION = ", "raise RuntimeError('broken')\nVERSION = ")
    told = pulumi("up", "--yes", code=None)
    assert "RuntimeError: broken" in told
    assert "still serves" in told
    assert "Traceback (most recent call last):\n  File" not in told.replace("  | ", "") or "  | Traceback" in told
    assert site.release() == first
    pulumi("destroy", "--yes")
    assert site.processes() == []
    assert (site.tree / "srv/slipway/shop/shared/app.sqlite3").is_file()


def test_no_secret_in_the_clis_state(site, pulumi):
    secret = "tr0ub4dor&3"
    pulumi("config", "set", "--secret", "--path", "slipway:secretEnv.SHOP_KEY", secret)
    pulumi("up", "--yes")
    assert site.get("/env/SHOP_KEY") == secret
    for path in (site.folder / "backend").rglob("*.json"):
        assert secret not in path.read_text(), path
    assert secret not in pulumi("stack", "export")


def test_plan_is_what_the_engine_previews(site, pulumi):
    """The recorder and the real engine: the same resources with the same inputs."""
    steps = json.loads(pulumi("preview", "--json"))["steps"]
    real = {step["urn"]: step["newState"] for step in steps if step["newState"]["type"] != "pulumi:pulumi:Stack"}
    planned = {one["urn"]: one for one in json.loads(site.run("plan", "--json").stdout)["plan"]["resources"]}
    assert planned.keys() == real.keys()
    for urn, one in planned.items():
        inputs = real[urn].get("inputs", {})
        assert one["parent"] in (real[urn]["parent"], "")
        assert set(one["depends_on"]) == set(real[urn].get("dependencies", []))
        assert one["inputs"].keys() == {name for name in inputs if not name.startswith("__")} - {"drift"}
        assert [name for name in ("manifest", "url", "tool") if one["inputs"].get(name) != inputs.get(name)] == []


HOST = "urn:pulumi:dev::slipway::slipway:target:Local$pulumi-python:dynamic/slipway:Host::shop-host"
DEV = ("--stack", "dev")  # selected in the folder of before alone


@pytest.fixture
def was(site):
    """The site as it was before the test copied or moved it."""
    before = copy.copy(site)
    yield before
    shutil.rmtree(f"{before.folder}-copy", ignore_errors=True)
    if site.folder != before.folder:
        before.remove()


def test_every_way_out_ends_in_truth(site, was, pulumi):
    """One launch, all that a person may do to it with the bare CLI: only that shows what is left, and what is said of it."""
    pulumi("up", "--yes")
    first = site.release()
    site.post("/rows", "kept")

    def serves_on():
        return (site.release(), site.get("/rows").strip()) == (first, '["kept"]')

    os.kill(int((site.tree / "run/slipway/shop/supervisord.pid").read_text()), signal.SIGTERM)
    wait_until_it_ended(site)
    assert "nothing runs: supervisor is gone (a reboot, or it was ended); `pulumi preview` shows" in pulumi("refresh", "--yes")
    pulumi("up", "--yes")
    assert serves_on()
    told = pulumi("refresh", "--yes")
    assert ("nothing runs" in told, "updated" in told) == (False, False), told

    other, known, mark = copied(pulumi), resources(pulumi), (site.tree / "owner.json").read_text()
    for words in (["preview"], ["up", "--yes"], ["destroy", "--yes"]):
        refused(other(*words, *DEV, code=1), f"{other.project.tree} is a copy of {site.tree}, which the app runs in; go on there")
    assert f"is a copy of {site.tree}" in other("refresh", "--yes", *DEV)
    assert (resources(pulumi), (site.tree / "owner.json").read_text(), serves_on()) == (known, mark, True)

    pulumi("state", "protect", HOST, "--yes")
    assert f"pulumi state unprotect '{HOST}'" in pulumi("destroy", "--yes", code=1)
    done = site.run("destroy", "--yes", "--with-data", "shop")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stdout + done.stderr
    assert "nothing was removed: wanted nothing protected in the Pulumi CLI's state, found shop-host" in done.stderr
    assert "pulumi state unprotect --all --stack dev, then ./slipway -s dev destroy" in done.stderr
    assert serves_on()
    pulumi("state", "unprotect", "--all", "--yes")

    move(site)
    for words in (["up", "--yes"], ["destroy", "--yes"]):
        refused(pulumi(*words, *DEV, code=1), f"{site.tree} was launched as {was.tree}, and moved; move it back, or make it whole here")
    assert was.processes()
    assert site.run("adopt", "--to-pulumi", "--yes").returncode == 0
    assert was.processes() == []
    shared = site.tree / "srv/slipway/shop/shared"
    assert f"stays: {shared}; to remove it too: ./slipway -s dev destroy --with-data shop" in pulumi("destroy", "--yes", *DEV)
    assert ((shared / "app.sqlite3").is_file(), resources(pulumi)) == (True, [])
    assert site.run("destroy", "--yes", "--with-data", "shop").returncode == 0
    assert not shared.exists()


def wait_until_it_ended(site):
    deadline = time.monotonic() + 60
    while site.processes():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def copied(pulumi: PulumiCli) -> PulumiCli:
    """The command line in a copy of the whole folder, as `cp -a` makes it."""
    other = copy.copy(pulumi)
    other.project = copy.copy(pulumi.project)
    move_to(other.project, f"{pulumi.project.folder}-copy")
    subprocess.run(["cp", "-a", pulumi.project.folder, other.project.folder], check=True)
    return other


def move(site):
    """Elsewhere, but for what the command line keeps by its path."""
    old = site.folder
    move_to(site, f"{old}-moved")
    old.rename(site.folder)
    old.mkdir()
    for name in ("backend", "pulumi"):
        (old / name).symlink_to(site.folder / name)


def move_to(site, folder: str):
    site.folder = Path(folder)
    site.app, site.tree = site.folder / "app", site.folder / ".slipway/dev"


def resources(pulumi: PulumiCli) -> list[str]:
    return [one["urn"] for one in json.loads(pulumi("stack", "export", *DEV))["deployment"].get("resources", [])]


def refused(told: str, why: str):
    """In a line of its own, without a traceback."""
    assert [line for line in told.splitlines() if line.strip().startswith(f"error: {why}")], told
    assert "Traceback" not in told
