"""A host that was found by an address or by tags says whose it is before it does anything."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cloud_init.host_tool import tool
from components.blocks.command_transport import CommandTransport, Shown
from components.hosts.transports import ssh
from components.ssh import connection

FACTS = {"host": "i-1", "role": "web", "address": "192.0.2.1", "app": "shop", "stack": "prod", "store": "file:///none"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host of the app shop, stack prod, on which nothing serves."""
    facts = {"app": "shop", "stack": "prod", "host": "i-1", "run": str(tmp_path / "run"), "store": "file:///none", "python": sys.executable}
    (tmp_path / "etc/slipway").mkdir(parents=True)
    (tmp_path / "etc/slipway/host.json").write_text(json.dumps({**facts, "root": str(tmp_path), "front": {"listen": ["127.0.0.1", 9]}}))
    (tmp_path / "opt/slipway").mkdir(parents=True)
    (tmp_path / "opt/slipway/host.pyz").write_bytes(tool())
    return tmp_path


@pytest.mark.parametrize("words", [["maintenance", "on"], ["exec", "--", "true"], ["halt"], ["status"]])
@pytest.mark.parametrize("asked", ["other/prod", "shop/dev"])
def test_it_refuses_whoever_means_another(root, words, asked):
    done = subprocess.run(
        [sys.executable, "-I", root / "opt/slipway/host.pyz", "--root", root, *words],
        capture_output=True, text=True, check=False, env={**os.environ, "SLIPWAY_ASKED": asked},
    )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, told["ok"]) == (1, False)
    assert told["message"].startswith(f"i-1: wanted a host of {asked} (app/stack), found one of shop/prod; nothing was done")
    assert not (root / "var").exists()


@pytest.mark.parametrize("asked", ["shop/prod", ""])
def test_its_own_deployer_goes_on_and_one_of_the_version_before_too(root, asked):
    done = subprocess.run(
        [sys.executable, "-I", root / "opt/slipway/host.pyz", "--root", root, "exec", "--", "true"],
        capture_output=True, text=True, check=False, env={**os.environ, "SLIPWAY_ASKED": asked},
    )  # fmt: skip
    assert "wanted a release that serves" in done.stdout


def test_systems_manager_is_told_whose_host_is_meant(root):
    sent = []

    def send(command: str, name: str) -> str:
        sent.append(command.replace("/opt/slipway/host.pyz", f"{root}/opt/slipway/host.pyz --root {root}"))
        return "1"

    def look(command: str, age: float) -> Shown:
        done = subprocess.run(["sh", "-c", sent[-1]], capture_output=True, text=True, check=False)
        return Shown(done.returncode, done.stdout, done.stderr)

    service: Any = SimpleNamespace(id="i-1", called="it", send=send, look=look)
    assert CommandTransport({**FACTS, "app": "other"}, service).run(["maintenance", "on"])["ok"] is False
    assert "found one of shop/prod" in CommandTransport({**FACTS, "app": "other"}, service).run(["status"])["message"]
    assert "found one of" not in CommandTransport(FACTS, service).run(["releases"]).get("message", "")


def test_ssh_is_told_whose_host_is_meant(monkeypatch):
    ran: list[Any] = []
    to = SimpleNamespace(login=SimpleNamespace(address="192.0.2.1"), attach=lambda command: ran.append(command) or 0)
    monkeypatch.setattr(connection, "of", lambda facts: to)
    ssh.SshTransport(FACTS).attach(["exec", "--", "true"])
    assert ran == [["env", "SLIPWAY_ASKED=shop/prod", *ssh.TOOL, "exec", "--", "true"]]
