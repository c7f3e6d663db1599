"""The same folder on the Pulumi CLI. Runs where `pulumi` is on PATH."""

import json
import shutil

import pytest

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
