"""An account of Google Cloud's whose instances are hosts of a test network: its metadata and storage by TLS are emulated, and its command
line, whose tunnels lead to the hosts' own SSH from where Identity-Aware Proxy comes from."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import emulated
import pytest
from authority import openssl
from gcloud import EMAIL, PROJECT, Gcloud
from systems_manager import Machines

from ops.plan.record import record
from ops.stack.project import Project, load_stack

from .account import Account, Inputs, Made
from .commands import run
from .google_metadata import TOKEN, USER, GoogleMetadata, google_metadata, of_server
from .instances import Instances, Wanted
from .metadata import Tree
from .network import Network
from .recorded import Recorded, RecordedOnGoogle
from .seed import Image
from .trust import certified

REGION, ZONE = "europe-west1", "europe-west1-b"
_INSTANCE, _GROUP = "gcp:compute/instance:Instance", "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager"
_ATTACHMENT = "gcp:compute/attachedDisk:AttachedDisk"
_STORAGE, _IAP, _BALANCERS = "storage.googleapis.com", "35.235.240.1", "35.191.0.9"


class Storage(emulated.Google):
    """Servers bring a token of their service account; deployers the same, asked for here, or one that they signed themselves where
    Google's own library isn't installed."""

    def answer(self) -> None:
        if self.path != "/token":
            return super().answer()
        self._body()
        self.say(200, json.dumps(TOKEN).encode(), **{"Content-Type": "application/json"})

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815

    def signed(self) -> bool:
        return super().signed() or self.headers.get("Authorization", "").startswith("Bearer ey")


class GoogleInstances(Instances):
    """Commands reach them by SSH, through the command line's tunnels."""

    ATTACHMENT = _ATTACHMENT
    metadata: GoogleMetadata

    def __init__(self, network: Network, told: GoogleMetadata, line: Gcloud, image: Image) -> None:
        super().__init__(network, told, Machines({}), image, 443)
        self.line = line
        self._numbers = count(1)

    def imaged(self, identity: str) -> Image:
        """Where there is no cloud-init, the network's lease names a server."""
        image = super().imaged(identity)
        return image if image.source else replace(image, name=identity)

    def start(self, wanted: Wanted) -> str:
        identity = super().start(wanted)
        for place in (_IAP, _BALANCERS):  # its network's own, whatever leads out
            run(["ip", "-n", self.running[identity].namespace, "route", "add", place, "via", self.network.gateway])
        return identity

    def register(self, wanted: Wanted, address: str) -> tuple[str, Tree]:
        number = next(self._numbers)
        identity = f"{wanted.name}-{number:04}"
        labels = {name: value for name, value in wanted.tags.items() if ":" not in name}
        accounts = [{"email": wanted.role, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}]
        at = datetime.now(UTC).isoformat()
        self.line.instance(identity, ZONE, labels, (), (address, 22), public=address, serviceAccounts=accounts, creationTimestamp=at)
        return identity, of_server(identity, number, ZONE, address, wanted.role, json.loads(wanted.user_data))

    def unregister(self, identity: str) -> None:
        self.line.set(instances=[one for one in self.line.state["instances"] if one["name"] != identity])


class GoogleAccount(Account):
    """`storage`: the class that holds its objects."""

    TARGET, REGION, GROUP, INSTANCE, MOVING = "gcp-vm", REGION, _GROUP, _INSTANCE, (_ATTACHMENT,)
    BALANCES_FROM = _BALANCERS
    hosts: GoogleInstances

    def __init__(self, hosts: GoogleInstances, storage: Any) -> None:
        super().__init__(hosts)
        self.storage = storage
        self._template: Inputs = {}

    def recorded(self, project: Project) -> Recorded:
        return RecordedOnGoogle(record(project, load_stack(project, "dev", sealed=True)))

    def options(self) -> dict[str, Any]:
        return {"project": PROJECT}

    def next(self) -> Wanted:
        (group,) = [one.name for one in self.hosts.recorded.plan.of(_GROUP)]
        return _wanted(_GROUP, group, self._template)

    def stored(self, folder: str) -> dict[str, bytes]:
        return {name: one.data for name, one in sorted(self.storage.objects.items()) if name.startswith(folder)}

    def bucket(self, _name: str, inputs: Inputs) -> Made:
        return inputs["name"], {}

    def role(self, _name: str, inputs: Inputs) -> Made:
        email = f"{inputs['accountId']}@{PROJECT}.iam.gserviceaccount.com"
        return email, {"email": email, "member": f"serviceAccount:{email}"}

    def subnet(self, name: str, _inputs: Inputs) -> Made:
        """The test network is the subnet, whatever addresses the program would have it have."""
        return f"{name}-id", {"ipCidrRange": self.network.prefix}

    def instance(self, name: str, inputs: Inputs) -> Made:
        identity = self.hosts.start(_wanted(_INSTANCE, name, inputs))
        machine, (card,) = self.hosts.running[identity], inputs["networkInterfaces"]
        for fixed in [one["natIp"] for one in card.get("accessConfigs", []) if one.get("natIp")]:
            self.move(next(key for key, (address, _) in self.addresses.items() if address == fixed), machine)
            card = {**card, "accessConfigs": [{"natIp": fixed}]}
        return identity, {"name": identity, "networkInterfaces": [{**card, "networkIp": machine.address}]}

    def address(self, name: str, _inputs: Inputs) -> Made:
        self.addresses[f"{name}-id"] = self.network.fixed_address(), None
        return f"{name}-id", {"address": self.addresses[f"{name}-id"][0]}

    def attachment(self, name: str, inputs: Inputs) -> Made:
        self.attach(name, inputs["instance"], f"/dev/disk/by-id/google-{inputs['deviceName']}")
        return f"{name}-id", {}

    def template(self, name: str, inputs: Inputs) -> Made:
        self._template = inputs
        return f"{name}-id", {}

    def scaled(self, name: str, inputs: Inputs) -> Made:
        self.grow(inputs["autoscalingPolicy"]["minReplicas"])
        return f"{name}-id", {}

    def health(self, name: str, inputs: Inputs) -> Made:
        self.balance(inputs["httpHealthCheck"]["requestPath"], "google-balancer.cfg")
        return f"{name}-id", {}

    def way_in(self, name: str, inputs: Inputs) -> Made:
        self.hosts.line.set(addresses=[{"address": self.network.gateway, "labels": inputs["labels"]}])
        return f"{name}-id", {"address": self.network.gateway}

    MAKERS: ClassVar[Mapping[str, Callable[[Any, str, Any], Made]]] = {
        "gcp:storage/bucket:Bucket": bucket,
        "gcp:serviceaccount/account:Account": role,
        "gcp:compute/subnetwork:Subnetwork": subnet,
        _INSTANCE: instance,
        "gcp:compute/address:Address": address,
        _ATTACHMENT: attachment,
        "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": template,
        "gcp:compute/regionAutoscaler:RegionAutoscaler": scaled,
        "gcp:compute/healthCheck:HealthCheck": health,
        "gcp:compute/globalAddress:GlobalAddress": way_in,
    }


def _wanted(type: str, name: str, given: Inputs) -> Wanted:
    """Of an instance's arguments or a template's. Boot data are its metadata."""
    labels = given["labels"]
    return Wanted(
        type, name, given["serviceAccount"]["email"], json.dumps(given["metadata"]), {**labels, "slipway:role": labels["slipway-role"]}
    )


@contextmanager
def google_account(network: Network, patch: pytest.MonkeyPatch, image: Image) -> Iterator[GoogleAccount]:
    """Somebody's who is logged in to it, by a service account's file. Its servers are of that image."""
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK_"))]:
        patch.delenv(name)
    with tempfile.TemporaryDirectory(prefix="slipway-google-") as place, certified(network, _STORAGE) as (authority, context):
        folder = Path(place)
        for address in (_IAP, _BALANCERS):
            run(["ip", "address", "add", f"{address}/32", "dev", network.name])
        line = Gcloud(folder, USER)
        line.set(source=_IAP)
        keys = Path(line.state["authorized_keys"])
        keys.touch()
        with (
            emulated.running(Storage, pause=1.0, place=(network.gateway, 443), context=context) as (address, storage),
            google_metadata(network, lambda: keys.read_text().splitlines(), _hearing(line)) as told,
        ):
            openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", folder / "key.pem")
            held = {
                "type": "service_account",
                "client_email": EMAIL,
                "private_key_id": "1",
                "private_key": (folder / "key.pem").read_text(),
            }
            (folder / "key.json").write_text(json.dumps({**held, "client_id": "1", "token_uri": f"{address}/token"}))
            patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(folder / "key.json"))
            patch.setenv("GOOGLE_BASE_URL", address)
            for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):  # the bucket's library reads one, Google's own the other
                patch.setenv(name, str(authority.certificate.with_name("trusted.pem")))
            patch.setenv("PATH", f"{line.bin}:{os.environ['PATH']}")
            names = {_STORAGE: network.gateway, "metadata.google.internal": told.service.address}
            image = image.trusting(authority.certificate.read_text()).with_hosts(names)
            yield GoogleAccount(GoogleInstances(network, told, line, image), storage)


def _hearing(line: Gcloud) -> Callable[[str, str, str], None]:
    """Host keys are what the command line tells of an instance."""

    def told(address: str, name: str, value: str) -> None:
        identity = next(one for one, (place, _) in line.state["ssh"].items() if place == address)
        kind = name.removeprefix("hostkeys/")
        if kind != name:
            known = [one for one in line.state["host_keys"][identity] if not one.startswith(f"{kind} ")]
            line.set(host_keys={**line.state["host_keys"], identity: [*known, f"{kind} {value}"]})

    return told
