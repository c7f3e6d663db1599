"""A booted server that serves: a package more, another tool, each by a release, under load; another front server is refused."""

import io
import time
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import pytest
from load import Load

from cloud_init import host_tool
from real_hosts.follower import Follower, tool_with, with_packages
from real_hosts.servers import FRONTS, SMALL, pids
from real_hosts.shelf import WEB

_APP = SMALL.replace('"one"', '"NUMBER"')
_NGINX = replace(WEB, manager="systemd")
_APACHE = replace(_NGINX, front="apache")


def test_what_changes_in_place(server: Follower, capsys: pytest.CaptureFixture[str]) -> None:
    tool = server.shelf.tool()
    server.shelf.for_new_servers(tool)
    first = server.shelf.publish(1, tool, _APACHE, app=_APP)
    server.shelf.want(first)
    server.serves(first, 300)
    newer = server.shelf.tool(tool_with(host__cli=_commented("host/cli.py")))
    assert newer != tool
    publish = partial(server.shelf.publish, app=_APP)
    added = {
        "a package more": publish(4, tool, _APACHE, with_packages("tree", servers=_APACHE)),
        "another tool": publish(5, newer, _APACHE),
    }
    assert not any(under_load(server, added, capsys).values())
    assert server.machine.shell("tree --version").startswith("tree")
    assert server.machine.shell("sha256sum </opt/slipway/host.pyz").split()[0] == newer
    served_by(server, "apache", "systemd")
    release = server.release()
    server.machine.reboot()
    server.serves(release)
    with capsys.disabled():
        print(f"  Apache's host, reboot to first 200: {time.monotonic() - server.machine.started:.1f} s")
    served_by(server, "apache", "systemd")
    server.shelf.want(publish(6, newer, _NGINX))
    told = server.machine.wait_for(server.problems, bool)
    assert "slipway:front: wanted nginx, found this host laid out with apache" in str(told)
    served_by(server, "apache", "systemd")


def under_load(server: Follower, releases: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """What failed while each of them came."""
    failures, before_all = {}, server.release()
    with Load(80, (server.machine.address,), bodies=tuple("123456"), post="/take", slow="/slow", clients=12) as load:
        for name, release in releases.items():
            time.sleep(2)
            before = len(load.failures)
            with load.flip(name):
                server.roll(release)
                time.sleep(1)
            failures[name] = load.failures[before:]
    with capsys.disabled():
        print("", *load.flips, sep="\n  ")
    assert len(load.failures) == sum(map(len, failures.values()))
    assert set(load.releases) - {"failed"} >= {before_all, *releases.values()}
    return failures


def served_by(server: Follower, front: str, manager: str) -> None:
    """That front server under that manager, and nothing is left of others; nothing failed on the host."""
    found = server.status()
    assert (found["front"]["kind"], found["manager"]["kind"]) == (front, manager)
    assert {one["name"] for one in found["processes"]} == {"blue", "green", "front"}
    assert {kind for kind, pattern in FRONTS.items() if pids(server.machine, pattern)} == {front}
    assert not pids(server.machine, "/supervisord ")
    assert server.machine.shell("systemctl list-units --failed --plain --no-legend") == ""


def _commented(name: str) -> str:
    """That file of the tool, which does the same in another tool's bytes."""
    with zipfile.ZipFile(io.BytesIO(host_tool.tool())) as tool:
        return tool.read(name).decode() + "\n# another\n"
