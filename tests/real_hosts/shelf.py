"""Releases for servers, put by hand into a folder that a host takes for its store."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cloud_init import fleet, host_tool, system
from cloud_init.host import contracts
from cloud_init.host.stores.file import FileStore
from cloud_init.host_files import Front, Server, WebHost
from cloud_init.render import host_files, server_requirements

WEB = fleet.Fleet(manager="supervisor", front="nginx", engine="none")
_APP = """
from flask import Flask
app = Flask(__name__)

@app.get("/")
def home():
    return "NUMBER"
"""


class Shelf:
    """A store in a folder of this machine, which may be a host's disk."""

    def __init__(self, folder: Path) -> None:
        self.store = FileStore(folder)
        self.generation = 0

    def tool(self, data: bytes | None = None) -> str:
        """A host tool, the one for new servers too; its SHA-256."""
        data = host_tool.tool() if data is None else data
        sha256 = hashlib.sha256(data).hexdigest()
        self.store.put(f"releases/tool/{sha256}.pyz", data)
        return sha256

    def for_new_servers(self, tool: str) -> None:
        self._json("tool.json", {"sha256": tool})

    def publish(
        self, number: int, tool: str, servers: fleet.Fleet = WEB, manifest: Mapping[str, Any] = MappingProxyType({}), app: str = _APP
    ) -> str:
        """A release that answers its number; its id."""
        raw = _tar({"wsgi.py": app.replace("NUMBER", str(number)), "static/number.txt": str(number)})
        return self.put(raw, tool, servers, manifest)

    def put(self, raw: bytes, tool: str, servers: fleet.Fleet = WEB, manifest: Mapping[str, Any] = MappingProxyType({})) -> str:
        """A release of the code in that tar; its id."""
        code = hashlib.sha256(raw).hexdigest()
        web = WebHost("wsgi:app", Server("uwsgi"), Front(listen=("80 default_server",)), {"/static": "static"})
        web = replace(web, front=replace(web.front, kind=servers.front, tls=servers.tls))
        name = servers.tls.domain if servers.tls else "app.example"
        whole = {
            "schema": 1, "tool": tool, "module": "wsgi:app", "python": None,
            "code": {"id": code[:12], "sha256": code, "bytes": len(raw)},
            "files": [{"path": file.path, "content": file.content, "mode": file.mode} for file in host_files(web)],
            "requirements": ["flask==3.1.3\n", server_requirements(web)], "environment": {"GREETING": "hello"},
            "database": {"engine": "none", "placement": "none"}, "processes": {}, "release_command": None,
            "health": {"path": "/", "host": name, "timeout": 20}, "static": {"/static": "static"},
            "host": contracts.document(system.host_part(servers)),
            "tls": contracts.document(servers.tls), **manifest,
        }  # fmt: skip
        release = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]
        self.store.put(f"releases/code/{code[:12]}.tar.gz", gzip.compress(raw))
        self._json(f"releases/{release}/manifest.json", {**whole, "id": release})
        return release

    def want(self, live: str | None, candidate: str | None = None, elected: str | None = None) -> int:
        """Writes `desired.json`; its generation."""
        self.generation += 1
        self._json("desired.json", {"generation": self.generation, "live": live, "candidate": candidate, "elected": elected})
        return self.generation

    def outcome(self, host: str, what: int | str) -> dict[str, Any]:
        """What a host told; empty where it didn't."""
        found: dict[str, Any] = json.loads(self.store.get(f"outcomes/{host}/{what}.json") or b"{}")
        return found

    def _json(self, name: str, value: Mapping[str, Any]) -> None:
        self.store.put(name, json.dumps(value).encode())


def _tar(files: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content.encode())
            tar.addfile(info, io.BytesIO(content.encode()))
    return stream.getvalue()
