"""A cloud's metadata service, that wants a token, as the servers of one network see it: its role, whose credentials are real nowhere,
and itself."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .commands import run
from .network import Network

_GIVEN = {
    "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z", "Expiration": "2099-01-01T00:00:00Z",
    "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "of a role", "Token": "session",
}  # fmt: skip
Tree = Mapping[str, str]
"""Paths below a version, such as `meta-data/instance-id`, with what stands there."""


@dataclass(frozen=True)
class Service:
    """A cloud's: its address, the header that brings the token, and what every server is told there."""

    address: str
    header: str
    tree: Tree


AMAZON = Service("169.254.169.254", "x-aws-ec2-metadata-token", {"meta-data/iam/security-credentials/server": json.dumps(_GIVEN)})
ALIBABA = Service("100.100.100.200", "x-aliyun-ecs-metadata-token", {})


def of_instance(account: str, region: str, identity: str, address: str, user_data: str) -> Tree:
    """What an instance of Amazon's is told."""
    document = {"accountId": account, "instanceId": identity, "region": region, "privateIp": address, "availabilityZone": f"{region}a"}
    facts = {
        "instance-id": identity, "hostname": f"{identity}.{region}.compute.internal", "local-hostname": identity, "local-ipv4": address,
        "ami-id": "ami-0123456789abcdef0", "instance-type": "t4g.small", "placement/availability-zone": f"{region}a",
        "placement/region": region, "services/domain": "amazonaws.com",
    }  # fmt: skip
    return {
        **{f"meta-data/{name}": text for name, text in facts.items()},
        "user-data": user_data,
        "dynamic/instance-identity/document": json.dumps(document),
    }


class Metadata:
    """`trees`: what hosts are told beside what all are, by address."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.trees: dict[str, Tree] = {}

    def answer(self, asker: str, path: str) -> str | None:
        """What stands at that path of any version; of a folder the names in it, each on a line."""
        wanted = path.strip("/").partition("/")[2]
        tree = {**self.service.tree, **self.trees.get(asker, {})}
        if wanted in tree:
            return tree[wanted]
        below = [name.removeprefix(f"{wanted}/") for name in tree if not wanted or name.startswith(f"{wanted}/")]
        names = dict.fromkeys(name.partition("/")[0] + "/" * ("/" in name) for name in below)
        return "\n".join(names) or None


class _Handler(BaseHTTPRequestHandler):
    """Whoever brings no token is refused."""

    metadata: Metadata

    def do_PUT(self) -> None:
        self._answer(200, "a token" if self.path == "/latest/api/token" else None)

    def do_GET(self) -> None:
        if self.headers.get(self.metadata.service.header) != "a token":
            self._answer(401, None)
            return
        self._answer(200, self.metadata.answer(self.client_address[0], self.path))

    def log_message(self, *_: object) -> None:
        """Nobody reads that."""

    def _answer(self, status: int, text: str | None) -> None:
        body = (text or "").encode()
        self.send_response(404 if text is None and status == 200 else status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def metadata(network: Network, service: Service = AMAZON) -> Iterator[Metadata]:
    """At the address where a cloud has it, for this network alone."""
    told = Metadata(service)
    with answering(network, service.address, type("Handler", (_Handler,), {"metadata": told})):
        yield told


@contextmanager
def answering(network: Network, address: str, handler: type[BaseHTTPRequestHandler]) -> Iterator[None]:
    """Port 80 of that address is answered so, for this network alone."""
    server = ThreadingHTTPServer((network.gateway, 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    rules = Path(__file__).with_name("metadata.nft").read_text(encoding="utf-8")
    values = {"NAME": network.name, "GATEWAY": network.gateway, "PORT": str(server.server_port), "ADDRESS": address}
    for name, value in values.items():
        rules = rules.replace(name, value)
    run(["nft", "-f", "-"], text=rules)
    try:
        yield
    finally:
        run(["nft", "flush", "chain", "ip", network.name, f"metadata_{server.server_port}"])  # another cloud may have the address next
        server.shutdown()
        server.server_close()
