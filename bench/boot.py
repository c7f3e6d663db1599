"""`python -m bench.boot` (root): from power on to the first 200, in paired runs.

One host is set up by the steps of recipe R3, one by Slipway.
"""

import gzip
import http.client
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from bench.__main__ import ROOT
from cloud_init import bootstrap
from cloud_init.host.contracts.facts import Boot
from cloud_init.host_files import Server, WebHost
from cloud_init.render import server_requirements
from components.source.archive import archive, collect

sys.path.insert(0, str(ROOT / "tests"))

from real_hosts import possible
from real_hosts.base import Base
from real_hosts.machine import Machine
from real_hosts.network import Network
from real_hosts.shelf import Shelf

ROUNDS = 3

# What is there while a host boots (a server of its code): boot data, and what its disk gets then.
Setup = Callable[[Network], AbstractContextManager["tuple[str, Callable[[Machine], None]]"]]


def _code() -> bytes:
    return archive(ROOT / "app", collect(ROOT / "app"))


@contextmanager
def recipe(network: Network) -> Iterator[tuple[str, Callable[[Machine], None]]]:
    """R3 as a script that cloud-init runs; the code comes from this machine."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "code.tar.gz").write_bytes(_code())
        with _served(Path(folder), network.gateway) as address:
            script = (ROOT / "bench/recipes/r3.sh").read_text(encoding="utf-8")
            files = [{"path": "/root/r3.sh", "permissions": "0700", "content": script}]
            yield (
                "#cloud-config\n" + json.dumps({"write_files": files, "runcmd": [["/root/r3.sh", f"{address}/code.tar.gz"]]}),
                lambda _: None,
            )


@contextmanager
def slipway(network: Network) -> Iterator[tuple[str, Callable[[Machine], None]]]:
    """Slipway's own boot data; the store is a folder on its disk. Same front server, same app."""
    boot = Boot("shop", "bench", "web", "file:///var/lib/slipway-store", "web")
    raw = gzip.decompress(_code())
    requirements = (ROOT / "app/requirements.txt").read_text(encoding="utf-8")

    def fill(host: Machine) -> None:
        shelf = Shelf(host.disk.root / "var/lib/slipway-store")
        tool = shelf.tool()
        shelf.for_new_servers(tool)
        release = shelf.put(raw, tool, manifest={**_APP, "requirements": [requirements, server_requirements(WebHost("", Server("uwsgi")))]})
        shelf.want(release, elected="web")

    yield bootstrap.cloud_config(boot), fill


_APP = {
    "database": {"engine": "sqlite", "placement": "same-host"}, "release_command": "flask db upgrade",
    "health": {"path": "/healthz", "host": "app.example", "timeout": 30}, "static": {},
}  # fmt: skip
SETUPS: dict[str, Setup] = {"recipe R3": recipe, "Slipway": slipway}


def main() -> None:
    """Every round boots each once, so that what slows the machine down slows all of them."""
    if reason := possible.why_not():
        raise SystemExit(reason)
    Base().folder()
    seconds: dict[str, list[float]] = {name: [] for name in SETUPS}
    for number in range(ROUNDS):
        for name, setup in SETUPS.items():
            seconds[name].append(_boot(setup))
            print(f"round {number + 1}, {name}: {seconds[name][-1]:.1f} s", file=sys.stderr, flush=True)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    print(*(f"{name}: {found:.1f} s" for name, found in medians.items()), sep="\n")
    ratios = [mine / theirs for mine, theirs in zip(seconds["Slipway"], seconds["recipe R3"], strict=True)]
    print(f"Slipway / recipe R3: {statistics.median(ratios):.2f} ({', '.join(f'{ratio:.2f}' for ratio in ratios)})")


def _boot(setup: Setup) -> float:
    with Network() as network, setup(network) as (user_data, fill):
        host = network.machine("web", user_data)
        fill(host)
        host.wait_for(partial(_answers, host), bool, 180)
        return time.monotonic() - host.started


def _answers(host: Machine) -> bool:
    connection = http.client.HTTPConnection(host.address, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@contextmanager
def _served(folder: Path, address: str) -> Iterator[str]:
    """The folder over HTTP at that address of this machine."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer((address, 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{address}:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    main()
