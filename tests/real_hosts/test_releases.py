"""Two web hosts: bare, then serving; released again under load; a release that only one of them can't start; a third host."""

import time
from collections.abc import Callable

import pytest
from load import Load

from real_hosts.servers import Servers

# Fails on one host alone: the release's own check of where it is.
_BROKEN = 'import socket\nif socket.gethostname() == "web-2": raise RuntimeError("not on this host")\nVERSION = '


@pytest.mark.family("fleets")
def test_two_web_hosts_under_load(servers: Callable[..., Servers], capsys: pytest.CaptureFixture[str]) -> None:
    site = servers("web-1", "web-2")
    site.write_small()
    site.write_stack()
    site.up()
    addresses = tuple(host.address for host in site.web)
    with Load(80, addresses, bodies=("one", "two"), post="/take", slow="/slow", clients=12) as load:
        for number in range(5):
            time.sleep(2)
            with load.flip(f"flip {number + 1}"):
                site.change()
                site.up()
        good = site.releases()
        with load.flip("a release that is broken on one host"):
            site.edit("VERSION = ", _BROKEN)
            refused = site.run("up", "--yes")
        assert site.releases() == good
        site.edit(_BROKEN, "VERSION = ")
        site.web.append(site.add("web-3"))
        site.write_stack()
        with load.flip("a third host"):
            site.up()
        time.sleep(30)
    with capsys.disabled():
        print("", *load.flips, f"in all: {load.sent} requests, {len(load.failures)} failed", sep="\n")
    assert load.failures == []
    assert refused.returncode == 1
    assert "web-2" in refused.stderr
    assert "not on this host" in refused.stderr
    assert len(set(site.releases())) == 1
    assert len(load.releases) >= 6
