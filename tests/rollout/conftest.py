"""Stores that are folders, or a bucket of an S3 that runs here; servers that follow them."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import simulated
from buckets import logged_in, make_bucket, s3_here
from simulated import Server, publish

from components.hosts import progress
from components.hosts import site as sites
from components.release.store import connect, in_folder
from components.rollout import coordinator
from components.rollout.phases import pulled


class Site:
    """A store, its servers, and the public address: it shows what the first web server has."""

    def __init__(self, address):
        self.address, self.store, self.servers, self.notes = address, connect(address), {}, []
        self.expected, self.fewest, self.addresses, self.public = (), 0, (), self.shown
        site = self

        class Front(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("X-Release-Id", site.public() or "none")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.front = ThreadingHTTPServer(("127.0.0.1", 0), Front)
        threading.Thread(target=self.front.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.front.server_port}"

    def shown(self):
        """What a load balancer would show: the first server that lives."""
        return next((one.live for one in self.servers.values() if one.role == "web" and one.is_alive()), None)

    @property
    def day(self):
        return sites.Site(self.store, [], self.url, follow=True, expected=self.expected, fewest=self.fewest, addresses=self.addresses)

    def add(self, name, **how):
        self.servers[name] = Server(self.address, name, **how)
        self.servers[name].start()
        return self.servers[name]

    def roll(self, release):
        publish(self.store, release)
        with progress.listen(self.notes.append):
            return coordinator.roll(self.day, release)

    def said(self):
        return [f"{one.host}: {one.text}" for one in self.notes if one.state == "note"]

    def settle(self, release, *names, seconds=60):
        """Waits until these servers, or all, have the release live."""
        wanted = [self.servers[name] for name in names or self.servers]
        deadline = time.monotonic() + seconds
        while {one.live for one in wanted} != {release} and time.monotonic() < deadline:
            time.sleep(0.05)
        assert {one.name: one.live for one in wanted} == {one.name: release for one in wanted}

    def close(self):
        for server in self.servers.values():
            server.stop()
        self.front.shutdown()
        self.front.server_close()


@pytest.fixture
def quick(monkeypatch):
    simulated.hurry(monkeypatch.setattr)


@pytest.fixture
def site(quick, tmp_path):
    made = Site(in_folder(tmp_path / "store"))
    yield made
    made.close()


@pytest.fixture
def in_bucket(quick, monkeypatch):
    """A site whose store is a bucket: times there are whole seconds, hence a little more patience."""
    logged_in(monkeypatch)
    monkeypatch.setattr(pulled, "SILENT", 4.0)
    monkeypatch.setattr(pulled, "FRESH", 3.0)
    with s3_here() as endpoint:
        made = Site(make_bucket(endpoint))
        yield made
        made.close()
