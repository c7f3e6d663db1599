"""A host of its own in a folder, its store filled by hand: the coordinator and the host tool without any engine."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import ports
from uv import find_uv_bin

from cloud_init import host_tool
from cloud_init.host import contracts
from cloud_init.host.base import places as installed
from cloud_init.host.contracts.facts import HostFacts
from cloud_init.host_files import Door, Front, Server, WebHost
from cloud_init.render import host_files, server_requirements
from components.hosts.site import Site
from components.hosts.transports import local
from components.hosts.transports.local import run_folder
from components.release.store import connect, in_folder, to_json
from components.rollout import coordinator
from components.targets.local import SUPERVISOR, app_runtime

APP = """
import time
from flask import Flask, request
app = Flask(__name__)

@app.get("/")
def home():
    return "NUMBER"

@app.get("/slow")
def slow():
    time.sleep(1)
    return "slow"

@app.get("/long")
def long():
    time.sleep(10)
    return "long"

@app.get("/seen", defaults={"path": ""})
@app.get("/seen/<path:path>")
def seen(path):
    names = [name for name in request.environ if name.isupper() and isinstance(request.environ[name], str)]
    return {"path": path, "url": request.url, "client": request.remote_addr, **{name: request.environ[name] for name in names}}

@app.get("/empty/<int:status>")
def empty(status):
    return "", status

@app.post("/take")
def take():
    return str(len(request.get_data()))
"""


class Bench:
    """One host, and releases for it."""

    source = APP

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = ports.free()
        python, user = app_runtime(folder / ".slipway" / "t", None)
        tree = folder / ".slipway" / "t"
        self.facts: dict[str, Any] = {
            "transport": "local", "app": "demo", "host": "local", "root": str(tree), "run": str(run_folder(tree, "demo")),
            "user": user, "python": python, "uv": find_uv_bin(), "store": in_folder(tree / "store"),
            "front": {"listen": ["127.0.0.1", self.port], "binaries": installed.fronts()},
            "databases": installed.databases(), "supervisor": SUPERVISOR,
        }  # fmt: skip
        self.host = local.connect(self.facts)
        self.store = connect(self.facts["store"])
        self.day = Site(self.store, [self.host], f"http://127.0.0.1:{self.port}")

    def boot(self) -> dict[str, Any]:
        """Installs the tool with `facts` as they are now, which tests change, and brings the host up."""
        self.host.facts = contracts.read(HostFacts, self.facts)
        self.host.install(host_tool.tool())
        return self.host.run(["boot"])

    def publish(
        self,
        number: int,
        server: Server = Server(),  # noqa: B008  frozen
        sources: Mapping[str, str] = MappingProxyType({}),
        manifest: Mapping[str, Any] = MappingProxyType({}),
        files: Sequence[Mapping[str, str]] = (),
        door: Door = Door(),  # noqa: B008  frozen
        **front: Any,
    ) -> str:
        """A release that answers its number; its id. `sources` and `manifest` differ from the usual ones."""
        given = {"wsgi.py": APP.replace("NUMBER", str(number)), "static/number.txt": str(number), **sources}
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as tar:
            for name, content in given.items():
                info = tarfile.TarInfo(name)
                info.size = len(content.encode())
                tar.addfile(info, io.BytesIO(content.encode()))
        raw = stream.getvalue()
        code = hashlib.sha256(raw).hexdigest()[:12]
        listening = Front(listen=(f"127.0.0.1:{self.port}",), **front)
        web = WebHost(manifest.get("module", "wsgi:app"), server, listening, () if door.static else ("/static",), door)
        release = hashlib.sha256(repr((code, web, manifest)).encode()).hexdigest()[:12]
        whole = {
            "schema": 1, "id": release, "tool": host_tool.tool_id(), "module": "wsgi:app", "python": None,
            "code": {"id": code, "sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)},
            "files": [{"path": file.path, "content": file.content, "mode": file.mode} for file in host_files(web)] + [*files],
            "requirements": ["flask==3.1.3\n", server_requirements(web)], "environment": {},
            "database": {"engine": "none", "placement": "same-host"},
            "processes": {}, "release_command": None, "health": {"path": "/", "host": f"127.0.0.1:{self.port}", "timeout": 20},
            "static": {"/static": "static"}, **manifest,
        }  # fmt: skip
        self.store.put(f"releases/code/{code}.tar.gz", gzip.compress(raw))
        self.store.put(f"releases/{release}/manifest.json", to_json(whole))
        return release

    def roll(self, release: str) -> coordinator.Verdict:
        return coordinator.roll(self.day, release)
