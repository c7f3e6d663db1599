"""A web host and a database host, each with a store in a folder of its own that gets the same objects, as the target `ssh` has them."""

import hashlib
import json
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from cloud_init import bootstrap, fleet, host_tool
from cloud_init.host import contracts
from cloud_init.host.contracts.facts import Boot
from components import settings
from components.hosts import certificates
from components.hosts.database_host import PORTS, addresses
from components.release import core
from components.source.archive import archive

from .machine import Machine
from .network import Network
from .shelf import Shelf

_STORE = "/var/lib/slipway-store"
_APP = Path(__file__).parents[2] / "app"
_DRIVERS = {"postgres": "psycopg[binary]==3.3.9\n", "mysql": "pymysql==1.2.4\n"}


class Pair:
    """The example app on `web`, its data on `database`; `third` is a host that has nothing to do there."""

    def __init__(self, network: Network, engine: str, volume: int | None, manager: str) -> None:
        self.engine, self.manager = engine, manager
        self.third = network.machine("third")
        self.web = network.machine("web", self._boot("web"))
        self.database = network.machine("database", self._boot("database"), volume=volume)
        self.hosts = {"web": self.web, "database": self.database}
        self.shelves = {name: Shelf(host.disk.root / _STORE[1:]) for name, host in self.hosts.items()}
        self.authority = certificates.authority("shop")
        self.pair = certificates.server(self.authority, self.database.address)
        self.passwords = {"owner": "owner-" + "1" * 20, "app": "app-" + "2" * 20}
        for shelf in self.shelves.values():
            shelf.for_new_servers(shelf.tool())

    def _boot(self, role: str) -> str:
        return bootstrap.cloud_config(Boot("shop", "prod", role, f"file://{_STORE}", role))

    def publish(self, number: int) -> str:
        """The example app as the deploying side makes a release of it."""
        clients = (f"{self.web.address}/32",)
        own = fleet.OwnHost(PORTS[self.engine], clients)
        servers = fleet.Fleet(self.manager, "nginx", self.engine, database=own, roles=fleet.ROLES, placement="own-host")
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "app"
            shutil.copytree(_APP, folder, ignore=shutil.ignore_patterns("__pycache__", "instance", ".*_cache"))
            with (folder / "requirements.txt").open("a") as file:
                file.write(_DRIVERS[self.engine])
            planned = core.plan(self._settings(number), folder, ("80 default_server",), "shop.example", servers)
            code = archive(folder, planned.manifest.code)
        database = {
            **contracts.document(planned.manifest.database),
            "address": [self.database.address, own.port],
            "clients": [*clients],
            "volume": self.database.volume,
        }
        manifest = {**contracts.document(planned.manifest), "database": {**database, "authority": self.authority.certificate}}
        identity = hashlib.sha256(json.dumps([manifest, self.pair.certificate], sort_keys=True).encode()).hexdigest()[:12]
        secret = {
            "web": addresses("shop", self.engine, self.passwords, self.database.address),
            "database": {"passwords": self.passwords, **vars(self.pair)},
        }
        for shelf in self.shelves.values():
            shelf.store.put(f"releases/code/{manifest['code']['id']}.tar.gz", code)
            shelf.store.put(f"releases/tool/{manifest['tool']}.pyz", host_tool.tool())
            for role, value in secret.items():
                shelf.store.put(f"secrets/{role}/{identity}.json", json.dumps(value).encode())
            shelf.store.put(f"releases/{identity}/manifest.json", json.dumps({**manifest, "id": identity}).encode())
        return identity

    def _settings(self, number: int) -> settings.Settings:
        app = {
            "name": "shop", "path": ".", "healthPath": "/healthz", "static": {"/static": "showcase/static"},
            "releaseCommand": "flask db upgrade", "env": {"NUMBER": str(number)},
        }  # fmt: skip
        database = {"engine": self.engine, "placement": "own-host"}
        return settings.parse({"slipway:target": "local", "slipway:app": app, "slipway:database": database}, [], "prod")

    def want(self, live: str | None, candidate: str | None = None) -> int:
        """The generation, the same in both stores."""
        return max(shelf.want(live, candidate, "web") for shelf in self.shelves.values())

    def told(self, name: str, what: int | str, timeout: float = 300) -> dict[str, Any]:
        """What that host leaves in its store."""
        return self.hosts[name].wait_for(lambda: self.shelves[name].outcome(name, what), bool, timeout)

    def roll(self, live: str | None, candidate: str) -> None:
        """Both phases on both hosts."""
        for what, phase in (((live, candidate), "prepared"), ((candidate, None), "live")):
            generation = self.want(*what)
            for name in self.hosts:
                outcome = self.told(name, generation)
                assert outcome["phase"] == phase, outcome

    def ask(self, path: str = "/healthz", body: Any = None) -> tuple[int, str]:
        """Status and text of the site; 0 where nothing answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.web.address}{path}", data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def tool(self, host: Machine, *words: str) -> dict[str, Any]:
        """The outcome of the host tool's command."""
        done = host.run(["/usr/bin/python3", "-I", "/opt/slipway/host.pyz", *words], check=False)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def in_app(self, code: str, url: str | None = None) -> str:
        """What a Python program prints in the app's environment on the web host, or its error. `url`: another address."""
        words = ["env", f"DATABASE_URL={url}"] if url else []
        command = ["/usr/bin/python3", "-I", "/opt/slipway/host.pyz", "exec", "--", *words, "python", "-c", code]
        done = self.web.run(command, check=False)
        return (done.stdout or done.stderr).strip().splitlines()[-1]
