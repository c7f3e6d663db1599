"""One bare server: serving, again after a reboot and a power cut, and after each kind of process was killed."""

import time
from collections.abc import Callable
from functools import partial

import pytest

from real_hosts.machine import Machine
from real_hosts.servers import Servers, pids

# By what their command lines hold. The host tool's own service, the app's workers, the front server.
_KINDS = {"watch": "host.pyz.*watch", "app server": "files/start.py", "front server": "nginx", "supervisor": "supervisord"}


@pytest.mark.quick("a booted server over SSH, from bare to serving; back by itself after kills, a reboot and a power cut")
def test_it_comes_back_by_itself(servers: Callable[..., Servers], capsys: pytest.CaptureFixture[str]) -> None:
    site = servers()
    site.write_small()
    site.write_stack(manager="supervisor", server={"kind": "gunicorn"})
    site.up()
    [host] = site.web
    figures = {}
    for kind, pattern in _KINDS.items():
        before = pids(host, pattern)
        assert before, f"no process of kind {kind}"
        began = time.monotonic()
        host.run(["kill", "-9", *map(str, before)])
        host.wait_for(partial(_others, host, pattern, before), bool, 60)
        site.seconds_until()
        figures[f"kill -9 of {kind}"] = time.monotonic() - began
    host.reboot()
    site.seconds_until()
    figures["reboot"] = time.monotonic() - host.started
    host.kill()
    host.start()
    site.seconds_until()
    figures["power cut"] = time.monotonic() - host.started
    with capsys.disabled():
        print("", *(f"{name}: back and serving after {seconds:.1f} s" for name, seconds in figures.items()), sep="\n")
    site.edit('"one"', '"two"')
    site.up()
    assert site.ask()[:2] == (200, "two")


def _others(host: Machine, pattern: str, before: list[int]) -> set[int]:
    """Processes of that kind which weren't there before."""
    return set(pids(host, pattern)) - set(before)
