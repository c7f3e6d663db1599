"""What a stranger does: a fresh clone, an empty HOME, an app that nobody here wrote, a machine without nginx."""

import base64
import json
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.family("first use")
def test_a_fresh_clone_serves_the_example_and_keeps_its_rows(site):
    folder = site.folder / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    stack = folder / "Pulumi.dev.yaml"
    stack.write_text(stack.read_text().replace("port: 8080", f"port: {site.port}"))
    environment = {**site.environment, "HOME": str(site.folder / "empty")}
    environment.pop("VIRTUAL_ENV", None)
    (site.folder / "empty").mkdir()

    def slipway(*arguments: str) -> str:
        done = subprocess.run(
            ["./slipway", *arguments], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        assert f"http://127.0.0.1:{site.port}" in slipway("up")
        body = json.dumps({"name": "Ada", "email": "ada@example.com"}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{site.port}/api/users", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 201
        first = site.release()
        with (folder / "app/wsgi.py").open("a") as file:
            file.write("\n# changed\n")
        slipway("up", "--yes")
        assert site.release() != first
        assert "ada@example.com" in site.get("/api/users")
        assert "Nothing to do" in slipway("up", "--yes")
        assert "body" in site.get("/static/" + next((folder / "app/showcase/static").glob("*.css")).name)
    finally:
        slipway("destroy", "--yes")


def test_an_app_that_nobody_here_wrote(site):
    shutil.rmtree(site.app)
    (site.folder / "Pulumi.dev.yaml").unlink()
    (site.folder / "bin").mkdir()
    (site.folder / "bin/requirements.txt").write_text("httpbin==0.10.4\n")
    done = site.run("init", "bin", "--module", "httpbin:app")
    assert done.returncode == 0, done.stdout + done.stderr
    stack = site.folder / "Pulumi.dev.yaml"
    assert "8080" in stack.read_text() or "local" in stack.read_text()
    done = site.run("config", "set", "--path", "slipway:local.port", str(site.port))
    assert done.returncode == 0, done.stdout + done.stderr
    site.up()
    got = json.loads(site.get("/get?a=1"))
    assert got["args"] == {"a": "1"}
    assert got["url"] == f"http://127.0.0.1:{site.port}/get?a=1"
    assert "Herman Melville" in site.get("/html")


def test_an_old_state_is_destroyed_by_newer_code(site):
    """What older states hold of a provider is its name: nothing of the code is in them."""
    site.up()
    state = json.loads((site.tree / "state.json").read_text())
    kinds = {resource["type"].split(":")[-1]: resource for resource in state["resources"] if resource["custom"]}
    assert set(kinds) == {"RandomSecret", "Host", "Rollout"}
    for name, resource in kinds.items():
        pickled = base64.b64decode(resource["inputs"]["__provider"])
        assert b"components.providers" in pickled
        assert f"{name}Provider".encode() in pickled
        assert len(pickled) < 200
    assert site.run("destroy", "--yes").returncode == 0
