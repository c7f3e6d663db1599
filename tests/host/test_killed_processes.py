"""kill -9 of what serves: what comes back by itself, in how many seconds, and what needs `up`."""

import http.client
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from faults import record


class Probe:
    """Asks every 20 ms on a new connection; how long and how often there was no good answer."""

    def __init__(self, port: int) -> None:
        self.port, self.asked, self.failed = port, 0, 0
        self.last_bad = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Probe":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            self.asked += 1
            if not self._is_good():
                self.failed += 1
                self.last_bad = time.monotonic()

    def _is_good(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def settled(self, calm: float = 3, patience: float = 30) -> None:
        """Returns when all went well for `calm` seconds."""
        deadline = time.monotonic() + patience
        start = time.monotonic()
        while time.monotonic() - max(self.last_bad, start) < calm:
            assert time.monotonic() < deadline, "it does not come back"
            time.sleep(0.05)


def pid_of(bench, name):
    return next(one["pid"] for one in bench.host.run(["status"])["processes"] if one["name"] == name)


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


VICTIMS = {
    "a worker of the application server": lambda bench: children(pid_of(bench, "blue"))[0],
    "the application server's master": lambda bench: pid_of(bench, "blue"),
    "a worker of the front server": lambda bench: children(pid_of(bench, "front"))[0],
    "the front server's master": lambda bench: pid_of(bench, "front"),
}


@pytest.mark.parametrize("victim", VICTIMS)
def test_it_comes_back_by_itself(make_bench, victim):
    bench = make_bench()
    bench.boot()
    assert bench.roll(bench.publish(1)).ok
    with Probe(bench.port) as probe:
        time.sleep(0.5)
        assert probe.failed == 0
        pid = VICTIMS[victim](bench)
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        probe.settled()
    assert not Path(f"/proc/{pid}").exists()
    seconds = max(0.0, probe.last_bad - killed)
    record("kills", victim, "comes back by itself", probe.asked, probe.failed, seconds)
    assert bench.roll(bench.publish(2)).ok


def test_supervisord_needs_up(make_bench):
    """What it kept running runs on; nothing keeps it running until the next `up`."""
    bench = make_bench()
    bench.boot()
    assert bench.roll(bench.publish(1)).ok
    with Probe(bench.port) as probe:
        os.kill(bench.host.run(["status"])["manager"]["pid"], signal.SIGKILL)
        time.sleep(2)
        assert probe.failed == 0
        assert bench.host.run(["status"])["manager"]["running"] is False
        began = time.monotonic()
        assert bench.boot()["ok"]
        probe.settled()
    seconds = max(0.0, probe.last_bad - began)
    came = "all runs on; the plan says that supervisord is gone; `up` starts it again, with a short interruption"
    record("kills", "supervisord", came, probe.asked, probe.failed, seconds)
    assert bench.roll(bench.publish(2)).ok


@pytest.mark.family("kills of what serves")
def test_everything_at_once_needs_up(make_bench):
    bench = make_bench()
    bench.boot()
    assert bench.roll(bench.publish(1)).ok
    status = bench.host.run(["status"])
    for pid in (status["manager"]["pid"], *(one["pid"] for one in status["processes"] if one["pid"])):
        os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    assert bench.boot()["ok"]
    with Probe(bench.port) as probe:
        probe.settled(calm=1)
    record("kills", "supervisord, both masters", "`up` serves again", probe.asked, probe.failed, time.monotonic() - began - 1)
