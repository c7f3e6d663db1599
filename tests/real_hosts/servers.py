"""A project whose target is `ssh`, on bare hosts of its own: launched, asked and looked at as its owner would."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from project import Project

from .commands import CommandFailed, run
from .machine import Machine
from .network import Network

DRIVERS = {"postgres": "psycopg[binary]==3.3.2\n", "mysql": "pymysql==1.1.2\n"}
# Front servers, by what their command lines hold.
FRONTS = {"nginx": "nginx: master", "apache": "/usr/sbin/apache2"}

SMALL = """
import time
from flask import Flask, request

app = Flask(__name__)
VERSION = "one"

@app.get("/")
def home():
    return VERSION

@app.get("/slow")
def slow():
    time.sleep(2)
    return "slow"

@app.post("/take")
def take():
    return str(len(request.get_data()))
"""


class Servers(Project):
    """`web` and `database` are bare servers with sshd; nothing is on them before the first `up()`.

    `disk`: bytes that each can write at most."""

    def __init__(self, network: Network, web: Sequence[str] = ("web-1",), database: str | None = None, disk: int | None = None) -> None:
        super().__init__()
        self.network, self.disk = network, disk
        self.key = self.folder / "home/key"
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)])
        self.web = [self.add(name) for name in web]
        self.database = self.add(database) if database else None
        for machine in network.machines.values():
            machine.wait_booted()

    def add(self, name: str) -> Machine:
        """One more bare server."""
        return self.network.bare(name, self.key.with_suffix(".pub").read_text(), disk=self.disk)

    def write_small(self) -> None:
        """An app without a database, whose answers say which version it is."""
        self.write_files({"wsgi.py": SMALL, "requirements.txt": "flask==3.1.3\n"})

    def write_stack(self, **config: Any) -> None:
        """Settings beside the target's own."""
        hosts: dict[str, Any] = {"web": [{"name": one.name, "address": one.address} for one in self.web]}
        if self.database:
            hosts["database"] = {"name": self.database.name, "address": self.database.address}
        given: dict[str, Any] = {
            "target": "ssh",
            "app": {"name": "shop", "path": "./app"},
            "ssh": {"hosts": hosts, "user": "admin", "key": str(self.key), "acceptNewHostKeys": True},
        }
        self.write_config({**given, **config})

    def ask(self, path: str = "/", *, host: Machine | None = None, data: Any = None) -> tuple[int, str, str]:
        """Status, body and release of an answer; `data` goes out as JSON by POST. Status 0: no answer."""
        connection = http.client.HTTPConnection((host or self.web[0]).address, timeout=35)
        body = None if data is None else json.dumps(data)
        try:
            connection.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace"), answer.headers.get("X-Release-Id", "")
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error), ""
        finally:
            connection.close()

    def releases(self) -> list[str]:
        """What each web host serves."""
        return [self.ask(host=host)[2] for host in self.web]

    def seconds_until(self, path: str = "/", status: int = 200, host: Machine | None = None, timeout: float = 120) -> float:
        """How long it takes from now until the path answers so."""
        began = time.monotonic()
        while (found := self.ask(path, host=host))[0] != status:
            if time.monotonic() - began > timeout:
                raise CommandFailed(f"{path}: still {found} after {timeout} s")
            time.sleep(0.1)
        return time.monotonic() - began

    def start_up(self) -> "subprocess.Popen[str]":
        """`up`, under way."""
        return subprocess.Popen(
            [sys.executable, "-m", "ops", "up", "--yes"], cwd=self.folder, env=self.environment, stdout=-1, stderr=-2, text=True
        )

    def status(self) -> dict[str, Any]:
        """What `status` says of every host."""
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found

    def change(self) -> None:
        """The app's code, for another release than any before."""
        self.edit("VERSION = ", f"NUMBER = {time.monotonic_ns()}\nVERSION = ")

    def environment_of(self, host: Machine) -> dict[str, str]:
        """That of the release which serves there."""
        release = self.ask(host=host)[2]
        found: dict[str, str] = json.loads(host.read(f"/srv/slipway/shop/releases/{release}/env.json"))
        return found

    def python(self, host: Machine, program: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """A program in the serving release's environment, as the app's user."""
        place = f"/srv/slipway/shop/releases/{self.ask(host=host)[2]}"
        words = [f"{name}={value}" for name, value in {**self.environment_of(host), **environment}.items()]
        start = ["runuser", "-u", "slipway-app", "--", "env", "-C", f"{place}/src", *words, f"{place}/venv/bin/python", "-"]
        return host.run(start, text=program, check=False)


def closed(host: Machine, address: str, port: int) -> bool:
    """A connection from that host is refused, or not answered."""
    program = f"import socket; socket.create_connection(({address!r}, {port}), 3)"
    return host.run(["python3", "-c", program], check=False).returncode != 0


def pids(host: Machine, pattern: str) -> list[int]:
    """Processes of a host by what their command line holds."""
    return [int(one) for one in host.run(["pgrep", "-f", pattern], check=False).stdout.split()]
