"""Google's metadata service as the servers of one network see it: facts and attributes, as folders and as JSON, which a server waits for
to change; a token of its service account; whom OS Login lets in; and the guest attributes that a server tells."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .metadata import AMAZON, Metadata, Service, Tree, answering
from .network import Network

_ROOT = "/computeMetadata/v1/"
_OLD = "/computeMetadata/v1beta1/"
TOKEN = {"access_token": "the-token", "expires_in": 3600, "token_type": "Bearer"}
USER = "sa_104512345678901234567"
"""A service account as OS Login calls it on servers."""


class GoogleMetadata(Metadata):
    """`trees`: what hosts are told, by address. `keys`: public keys of the one user that OS Login knows, who may be root. `told`: hears a
    host's address and the name and value of a guest attribute."""

    def __init__(self, keys: Callable[[], Sequence[str]], told: Callable[[str, str, str], None]) -> None:
        super().__init__(Service(AMAZON.address, "Metadata-Flavor", {}))
        self.keys, self.told = keys, told
        self.asked: list[str] = []

    def nested(self, asker: str, path: str) -> Any:
        """All that is below a path, as JSON has it."""
        found: dict[str, Any] = {}
        for name, text in {**self.service.tree, **self.trees.get(asker, {})}.items():
            if not f"{name}/".startswith(f"{path}/" if path else ""):
                continue
            *folders, last = name.removeprefix(path).strip("/").split("/")
            is_free = "/attributes/" in f"/{name}"
            place = found
            for folder in folders:
                place = place.setdefault(_camel(folder), {})
            place[last if is_free else _camel(last)] = int(text) if text.isdigit() and not is_free else text
        return _lists(found)

    def profile(self) -> dict[str, Any]:
        """The user as OS Login tells it to a server."""
        account = {
            "primary": True, "username": USER, "uid": "1045123456", "gid": "1045123456", "homeDirectory": f"/home/{USER}",
            "shell": "/bin/bash", "operatingSystemType": "LINUX",
        }  # fmt: skip
        keys = {hashlib.sha256(key.encode()).hexdigest(): {"key": key} for key in self.keys()}
        return {"loginProfiles": [{"name": "104512345678901234567", "posixAccounts": [account], "sshPublicKeys": keys}]}


def of_server(name: str, number: int, zone: str, address: str, email: str, attributes: dict[str, str]) -> Tree:
    """What an instance is told."""
    facts = {
        "id": str(4000000000000000000 + number), "name": name, "hostname": f"{name}.{zone}.c.shop-123456.internal",
        "zone": f"projects/1234567890/zones/{zone}", "machine-type": "projects/1234567890/machineTypes/e2-small", "cpu-platform": "Intel",
        "network-interfaces/0/ip": address, "network-interfaces/0/mac": f"42:01:0a:3c:00:{number:02x}",
        "network-interfaces/0/network": "projects/1234567890/networks/shop", "service-accounts/default/email": email,
        "service-accounts/default/token": json.dumps(TOKEN), "virtual-clock/drift-token": "0",
    }  # fmt: skip
    told = {f"attributes/{key}": value for key, value in attributes.items()}
    project = {"project/project-id": "shop-123456", "project/numeric-project-id": "1234567890"}
    return {**{f"instance/{key}": text for key, text in {**facts, **told}.items()}, **project}


class _Handler(BaseHTTPRequestHandler):
    """Whoever brings no header is refused."""

    metadata: GoogleMetadata
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        value = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        name = re.fullmatch(f"(?:{_ROOT}|{_OLD})instance/guest-attributes/(.+)", self.path)
        if name:
            self.metadata.told(self.client_address[0], name[1], value)
        self._answer(200 if name else 404, "")

    def do_GET(self) -> None:
        parts, asker = urlsplit(self.path), self.client_address[0]
        given = dict(parse_qsl(parts.query))
        self.metadata.asked.append(self.path)
        if self.headers.get("Metadata-Flavor") != "Google":
            self._answer(403, "")
        elif not parts.path.startswith((_ROOT, _OLD)):
            self._answer(200 if parts.path == "/" else 404, "computeMetadata/\n")
        elif parts.path.startswith(f"{_ROOT}oslogin/"):
            self._log_in(parts.path.removeprefix(f"{_ROOT}oslogin/"), given)
        elif given.get("recursive", "").lower() == "true":
            self._tell(asker, parts.path.removeprefix(_ROOT).strip("/"), given)
        else:
            text = self.metadata.answer(asker, parts.path.removeprefix("/computeMetadata"))
            self._answer(404 if text is None else 200, text or "")

    def log_message(self, *_: object) -> None:
        """Nobody reads that."""

    def _tell(self, asker: str, path: str, given: dict[str, str]) -> None:
        """At once; to who waits for a change, once there is one or the time is over."""
        until = time.monotonic() + (min(float(given.get("timeout_sec", 60)), 60) if given.get("wait_for_change") == "true" else 0)
        while True:
            text = json.dumps(self.metadata.nested(asker, path))
            etag = hashlib.md5(text.encode()).hexdigest()[:16]
            if given.get("last_etag") != etag or time.monotonic() > until:
                break
            time.sleep(0.2)
        self._answer(200, text, etag=etag)

    def _log_in(self, what: str, given: dict[str, str]) -> None:
        if what.rstrip("/") == "users":
            known = given.get("username") in (None, USER) and given.get("uid") in (None, "1045123456")
            self._answer(200 if known else 404, json.dumps(self.metadata.profile()) if known else "")
        elif what.rstrip("/") == "authorize":
            self._answer(200, json.dumps({"success": given.get("policy") in ("login", "adminLogin")}))
        else:
            self._answer(404, "")

    def _answer(self, status: int, text: str, **headers: str) -> None:
        body = text.encode()
        self.send_response(status)
        given = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM", "Content-Type": "application/json", **headers}
        for name, value in {**given, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def google_metadata(network: Network, keys: Callable[[], Sequence[str]], told: Callable[[str, str, str], None]) -> Iterator[GoogleMetadata]:
    """Where Google has it, for this network alone."""
    made = GoogleMetadata(keys, told)
    with answering(network, made.service.address, type("Handler", (_Handler,), {"metadata": made})):
        yield made


def _camel(name: str) -> str:
    return re.sub("-(.)", lambda found: found[1].upper(), name)


def _lists(found: Any) -> Any:
    """Folders whose names are numbers are lists."""
    if not isinstance(found, dict):
        return found
    if found and all(key.isdigit() for key in found):
        return [_lists(found[key]) for key in sorted(found, key=int)]
    return {key: _lists(value) for key, value in found.items()}
