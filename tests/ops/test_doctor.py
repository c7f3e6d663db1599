"""doctor: each check says what it found and the one command that mends it."""

import http.server
import json
import os
import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from components.errors import SlipwayError
from ops.commands import doctor


@pytest.mark.parametrize(("free", "state"), [(1e8, "missing"), (5e8, "warning"), (5e9, "ok")])
def test_disk(free, state):
    assert doctor.disk(free).state == state


def test_a_python_in_a_closed_folder_is_for_nobody_else(tmp_path):
    python = tmp_path / "private" / "python"
    python.parent.mkdir()
    python.touch(mode=0o755)
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 1:
            folder.chmod(0o755)
    assert doctor.app_python([python]).state == "ok"
    python.parent.chmod(0o700)
    check = doctor.app_python([python, tmp_path / "none"])
    assert (check.state, "private is closed" in check.detail) == ("warning", True)
    assert doctor.app_python([python, tmp_path / "python"]).state == "warning"
    (tmp_path / "python").touch(mode=0o755)
    assert doctor.app_python([python, tmp_path / "python"]).state == "ok"


SECRETS = "config:\n  slipway:secretEnv:\n    KEY:\n      secure: v1:x\n"


@pytest.mark.parametrize(
    ("stack_file", "environ", "state"),
    [
        ("", {}, "ok"),
        ("config:\n  slipway:target: local  # secure: nothing\n", {}, "ok"),
        ('config: {"slipway:secretEnv": {KEY: {"secure": v1:x}}}', {}, "missing"),
        (SECRETS, {}, "missing"),
        (SECRETS, {"PULUMI_CONFIG_PASSPHRASE": ""}, "ok"),
        (SECRETS, {"PULUMI_CONFIG_PASSPHRASE_FILE": "/x"}, "ok"),
    ],
)
def test_passphrase(stack_file, environ, state):
    assert doctor.passphrase(stack_file, environ).state == state


class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        if self.path == "/":
            self.send_header("X-Release-Id", "aaaabbbbcccc")
        self.end_headers()

    def log_message(self, *arguments: object) -> None: ...


def test_port_free_ours_or_taken():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    assert doctor.port(f"http://127.0.0.1:{free}").state == "ok"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), App) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        number = server.server_address[1]
        ours, theirs = doctor.port(f"http://127.0.0.1:{number}/"), doctor.port(f"http://127.0.0.1:{number}/x")
        server.shutdown()
    assert (ours.state, "is this stack's" in ours.detail) == ("ok", True)
    assert (theirs.state, str(number) in theirs.mend) == ("missing", True)


def test_an_address_elsewhere_is_not_tried():
    assert doctor.port("https://www.example.com").state == "ok"


def test_a_policy_left_behind_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("ops.stack.workplace.POLICY", tmp_path / "policy")
    (tmp_path / "policy").write_text("# put here by slipway")
    assert [check.mend for check in doctor.machine(tmp_path) if check.name == "services"] == [f"sudo rm {tmp_path}/policy"]


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert doctor.writable(tmp_path).state == "missing"


@pytest.fixture
def healthy(world, monkeypatch):
    """A stack with an app, on a free port, on a machine with room."""
    monkeypatch.setattr(doctor, "find_app", lambda folder, module, requirements: SimpleNamespace(module=module, folder=folder))
    monkeypatch.setattr(doctor, "port", lambda url: doctor.Check("port", "ok", "free"))
    monkeypatch.setattr(doctor, "disk", lambda free: doctor.Check("disk", "ok", "room"))


def need(present: bool, required: bool) -> SimpleNamespace:
    return SimpleNamespace(program="nginx", why="front", packages=("nginx",), present=present, required=required)


@pytest.mark.parametrize(
    ("present", "required", "state", "code"),
    [(True, True, "ok", 0), (False, False, "warning", 0), (False, True, "missing", 3)],
)
def test_needs_decide_the_exit_code(world, slipway, healthy, present, required, state, code):
    world.needs = [need(present, required)]
    done = slipway("doctor", "--json")
    found = {check["name"]: check for check in json.loads(done.stdout)}
    assert (done.exit_code, found["nginx"]["state"]) == (code, state)
    assert ("apt-get install -y nginx" in found["nginx"]["mend"]) == (state != "ok")


def test_the_table_has_a_line_for_each_check(world, slipway, healthy):
    lines = slipway("doctor").stdout.splitlines()
    assert lines[0].split() == ["check", "state", "found", "to", "mend", "it"]
    assert {"Python", "disk", "settings", "port", "app"} <= {line.split()[0] for line in lines}


def test_bad_settings_and_a_lost_app_are_findings(world, slipway, healthy, monkeypatch):
    def lost(folder: Path, module: str, requirements: str | None = None) -> None:
        raise SlipwayError("no app there")

    monkeypatch.setattr(doctor, "find_app", lost)
    done = slipway("doctor", "--json")
    assert {"name": "app", "state": "missing", "detail": "no app there", "mend": ""} in json.loads(done.stdout)
    assert done.exit_code == 3
    world.deployment = lost
    monkeypatch.setattr("ops.stack.workplace.enter", lambda call: lost(Path(), ""))
    assert json.loads(slipway("doctor", "--json").stdout)[-1]["name"] == "settings"
