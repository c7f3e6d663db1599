"""A bare server that follows a store: it comes up, takes releases and tools, and goes on where the store, a tool or the power fails."""

import json
import time

import pytest

from cloud_init import bootstrap
from cloud_init.host.contracts.facts import Boot
from real_hosts.commands import CommandFailed
from real_hosts.follower import HOST, STORE, Follower, tool_with, with_packages


def test_a_bare_server_follows_the_store(server: Follower, capsys: pytest.CaptureFixture[str]) -> None:
    tool = server.shelf.tool()
    server.shelf.for_new_servers(tool)
    first = server.shelf.publish(1, tool)
    server.shelf.want(first)
    server.serves(first, 300)
    with capsys.disabled():
        print(f"\n  boot to first 200: {time.monotonic() - server.machine.started:.1f} s")
        print("  " + " ".join(f"{step['step']} {step['seconds']:.1f}" for step in server.told(1)["steps"] if step["seconds"] > 0.1))
    came_up_cleanly(server)
    phases(server, tool)
    commands(server)
    store_away(server)
    other_tools(server, tool)
    reboots(server, capsys)


def came_up_cleanly(server: Follower) -> None:
    """cloud-init is content, and no package has started or enabled what it brought."""
    machine = server.machine
    assert machine.wait_for_cloud_init()["status"] == "done"
    machine.run(["cloud-init", "schema", "--system"])
    assert machine.run(["systemctl", "is-enabled", "nginx"], check=False).stdout.strip() == "masked"
    assert machine.run(["systemctl", "is-active", "nginx"], check=False).stdout.strip() == "inactive"
    assert server.told("heartbeat")["problems"] == []
    done = machine.run(["sh"], text=bootstrap.script(Boot("shop", "dev", "web", f"file://{STORE}", HOST)), check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "found one of: app shop, stack prod, role web" in done.stderr


def phases(server: Follower, tool: str) -> None:
    """Prepare and commit; prepare and abort; what can't be prepared; a package that comes with a release."""
    first, second = server.release(), server.shelf.publish(2, tool)
    server.roll(second)
    third = server.shelf.publish(3, tool)
    assert server.told(server.shelf.want(second, third))["phase"] == "prepared"
    assert server.status()["candidate"] == third
    assert server.told(server.shelf.want(second))["phase"] == "aborted"
    assert (server.status()["candidate"], server.release()) == (None, second)
    broken = server.told(server.shelf.want(second, server.shelf.publish(4, tool, app="raise RuntimeError('no')")))
    assert (broken["phase"], broken["step"]) == ("failed", "gate")
    assert any("RuntimeError: no" in line for line in broken["log"])
    unknown = server.told(server.shelf.want(second, server.shelf.publish(5, tool, manifest=with_packages("no-such-package"))))
    assert (unknown["phase"], unknown["step"]) == ("failed", "packages")
    assert "Unable to locate package no-such-package" in unknown["message"]
    assert server.told(server.shelf.want(second))["phase"] == "aborted"
    server.roll(server.shelf.publish(6, tool, manifest=with_packages("tree")))
    assert server.machine.shell("tree --version").startswith("tree")
    server.shelf.want(first)  # as one that was away: both phases in one go
    server.serves(first)


def commands(server: Follower) -> None:
    """`exec` runs as the app's user, in the release's environment; words and exit status pass."""
    machine = server.machine
    tool = ["/usr/bin/python3", "-I", "/opt/slipway/host.pyz", "exec", "--"]
    code = "import os, flask; print(os.environ['GREETING'], os.getuid() == 0, os.path.basename(os.getcwd()))"
    assert machine.run([*tool, "python", "-c", code]).stdout == "hello False src\n"
    assert machine.run([*tool, "sh", "-c", "exit 7"], check=False).returncode == 7
    missing = machine.run([*tool, "no-such-program"], check=False)
    assert (missing.returncode, json.loads(missing.stdout)["message"].partition(" (")[0]) == (1, "exec: 'no-such-program' can't be run")


def store_away(server: Follower) -> None:
    """A file stands where the store was: told, and what serves goes on; then all is as before."""
    before = server.release()
    server.machine.shell(f"mv {STORE} {STORE}.away && touch {STORE}")
    told = server.machine.wait_for(server.problems, bool, 30)
    assert len(told) == 1
    assert told[0].startswith("away since 20")
    assert server.release() == before
    server.machine.shell(f"rm {STORE} && mv {STORE}.away {STORE}")
    server.machine.wait_for(server.problems, lambda found: not found, 120)


def other_tools(server: Follower, tool: str) -> None:
    """A new tool takes over; one that doesn't work is refused."""
    before = server.release()
    newer = server.shelf.tool(tool_with(host__newer='"""Nothing yet."""\n'))
    assert newer != tool
    server.roll(server.shelf.publish(8, newer))
    assert server.machine.shell("sha256sum </opt/slipway/host.pyz").split()[0] == newer
    server.machine.wait_for(lambda: server.told("heartbeat")["tool"], newer.__eq__, 20)
    for number, data in enumerate((b"no zip", tool_with(host__follow__watch="import no_such_module\n"))):
        now = server.release()
        refused = server.told(server.shelf.want(now, server.shelf.publish(9 + number, server.shelf.tool(data))), 90)
        assert (refused["phase"], refused["step"]) == ("failed", "tool")
        assert "does not work on this host" in refused["message"]
        assert server.told(server.shelf.want(now))["phase"] == "aborted"
        assert server.machine.shell("sha256sum </opt/slipway/host.pyz").split()[0] == newer
    assert server.release() not in ("", before)


def reboots(server: Follower, capsys: pytest.CaptureFixture[str]) -> None:
    before = server.release()
    server.machine.reboot()
    server.serves(before)
    with capsys.disabled():
        print(f"  reboot to first 200: {time.monotonic() - server.machine.started:.1f} s")
    server.machine.kill()
    with pytest.raises(CommandFailed):
        server.machine.leader()
    server.machine.start()
    server.serves(before)
    with capsys.disabled():
        print(f"  power back to first 200: {time.monotonic() - server.machine.started:.1f} s")
    assert server.told("heartbeat")["problems"] == []
