"""A web host and a database host, each in a folder of this machine, with one store: they meet on the loopback address, by TLS."""

import io
import json
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
from dataclasses import replace
from pathlib import Path

import ports
from database_app import publish
from host_bench import Bench

from cloud_init import host_tool
from cloud_init.render import agent_requirements
from components.hosts import certificates
from components.hosts.site import Site
from components.hosts.transports import local
from components.hosts.transports.local import run_folder
from components.release.store import to_json

SCHEMES = {"postgres": "postgresql", "mysql": "mysql"}
SERVERS = {"manager": "supervisor", "packages": {}, "system": {}}


class TwoHosts(Bench):
    """`clients`: who may connect."""

    def __init__(self, folder: Path, engine: str) -> None:
        super().__init__(folder)
        tree = folder / ".slipway/d"
        self.engine, self.tree = engine, tree
        self.address, self.database_port, self.clients = "127.0.0.1", ports.free(), ["127.0.0.1/32"]
        run = str(run_folder(tree, "demo"))
        self.database = local.connect({**self.facts, "host": "data", "role": "database", "root": str(tree), "run": run})
        self.day = Site(self.store, [self.host, self.database], self.day.url)
        self.authority = certificates.authority("demo")
        self.pair = certificates.server(self.authority, self.address)
        self.passwords = {"owner": "owner-1", "app": "app-1"}

    def boot(self):
        super().boot()
        self.database.install(without_systemd())
        return self.database.run(["boot"])

    def release(self, number, **given):
        """A release that asks the database host, published with its secrets."""
        where = {
            "address": [self.address, self.database_port],
            "clients": self.clients,
            "volume": None,
            "authority": self.authority.certificate,
        }
        database = {"engine": self.engine, "placement": "own-host", "driver": agent_requirements(self.engine), **where}
        release = publish(
            self, number, self.engine, database=database, host=SERVERS, environment={"PAIR": self.pair.certificate[-60:]}, **given
        )
        self.store.put(f"secrets/web/{release}.json", to_json(self.environment()))
        self.store.put(f"secrets/database/{release}.json", to_json({"passwords": self.passwords, **vars(self.pair)}))
        return release

    def environment(self):
        trusted = f"{self.folder}/.slipway/t/etc/slipway/demo/database-ca.pem"
        options = {"postgres": f"sslmode=verify-full&sslrootcert={trusted}", "mysql": f"charset=utf8mb4&ssl_ca={trusted}"}[self.engine]
        where = f"{self.address}:{self.database_port}/demo?{options}"
        names = {"DATABASE_URL": "app", "DATABASE_OWNER_URL": "owner"}
        return {name: f"{SCHEMES[self.engine]}://{role}:{self.passwords[role]}@{where}" for name, role in names.items()}

    def ask(self, path="/", body=None):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", body, timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return f"{error.code} {error.read().decode()}"

    def in_force(self):
        """What the database host's server was started from."""
        return json.loads((self.tree / "etc/slipway/demo/database/network.json").read_text())

    def end(self):
        self.database.facts = replace(self.database.facts, role=None)  # removed as what it is here: a folder
        for host in (self.database, self.host):
            host.remove(keep_data=False)
        shutil.rmtree(self.folder)


def without_systemd():
    """The host tool as on a server, on a machine without a server's systemd and without its group of
    the front server: Supervisor starts as it does on a machine taken as it is."""
    replaced = {
        "host/processes/managers/supervisor.py": (b"self.places.role", b"None"),
        "host/base/user.py": (b'FRONT_GROUP = "slipway-front"', b'FRONT_GROUP = "nogroup"'),
    }
    stream = io.BytesIO(host_tool.tool())
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(target := io.BytesIO(), "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name in replaced:
                was, now = replaced[name]
                assert was in content, name
                content = content.replace(was, now)
            new.writestr(name, content)
    return target.getvalue()


def made(engine):
    folder = Path(tempfile.mkdtemp(prefix="slipway-two-"))
    folder.chmod(0o755)
    return TwoHosts(folder, engine)
