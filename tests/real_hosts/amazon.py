"""An account of Amazon's whose instances are hosts of a test network: what a program registers is made, as far as hosts can tell."""

import base64
import hashlib
import json
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from pulumi.runtime.proto import resource_pb2

from ops.engine import values
from ops.engine.monitor import Monitor, urn_of
from ops.engine.providers import is_dynamic
from ops.plan import stand_ins

from .commands import run
from .machine import Machine
from .metadata import Metadata
from .network import Network

REGION = "eu-west-1"
_VOLUME = 1_000_000_000  # bytes of a data disk, whatever size is asked for
_BY_ID = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"
Inputs = Mapping[str, Any]
Made = tuple[str, dict[str, Any]]
"""A resource's id, and what it puts out beside its inputs."""


class Amazon:
    """`instances`: the hosts by their ids, in the order in which they were started. `endpoint`: where S3 is."""

    def __init__(self, network: Network, metadata: Metadata, endpoint: str) -> None:
        self.network, self.metadata = network, metadata
        self.environment = {"AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true"}
        self.s3 = boto3.client("s3", endpoint_url=endpoint, region_name=REGION)
        self.instances: dict[str, Machine] = {}
        self.account = f"{uuid4().int % 10**12:012}"  # nobody's: buckets of all tests of a process are in one place
        self._made: dict[str, Made] = {}
        self._fixed: dict[str, str] = {}
        self._lock = threading.Lock()
        self._template = ""
        self._balancer: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def make(self, urn: str, type: str, name: str, inputs: Inputs) -> Made:
        """The resource; the same one again where it is there."""
        with self._lock:
            if urn not in self._made:
                maker = _MAKERS.get(type)
                identity, outputs = maker(self, name, inputs) if maker else (f"{name}-id", {})
                self._made[urn] = identity, {**stand_ins.outputs(type, name), **inputs, **outputs}
            return self._made[urn]

    def look_up(self, token: str, arguments: Inputs) -> dict[str, Any]:
        """What the cloud would answer."""
        known = {"getCallerIdentity": {"accountId": self.account}, **_ANSWERS}.get(token.rpartition(":")[2], {})
        return {**stand_ins.lookup(token, arguments)[1], **known}

    def start(self, role: str, user_data: str) -> str:
        """Another instance; its id. Its metadata stands ready before it asks."""
        number = len(self.instances) + 1
        identity = f"i-{hashlib.sha256(f'{self.network.name} {number}'.encode()).hexdigest()[:17]}"
        address = self.network.address(len(self.network.machines) + 2)
        self.metadata.trees[address] = _metadata(self.account, identity, address, user_data)
        machine = self.network.instance(f"{role}-{number}", self.environment, volume=_VOLUME if role == "database" else None)
        assert machine.address == address
        self.instances[identity] = machine
        return identity

    def grow(self, hosts: int) -> list[Machine]:
        """As many more of the group, of the very template that the first ones were started from."""
        return [self.instances[self.start("web", self._template)] for _ in range(hosts)]

    def bucket(self, _name: str, inputs: Inputs) -> Made:
        where: Any = {"LocationConstraint": REGION}
        self.s3.create_bucket(Bucket=inputs["bucket"], CreateBucketConfiguration=where)
        return inputs["bucket"], {"arn": f"arn:aws:s3:::{inputs['bucket']}"}

    def role(self, name: str, _inputs: Inputs) -> Made:
        return name, {"name": name, "uniqueId": f"AROA{hashlib.sha256(name.encode()).hexdigest()[:17].upper()}"}

    def vpc(self, name: str, _inputs: Inputs) -> Made:
        """The test network is the VPC, whatever addresses the program would have it have."""
        return f"{name}-id", {"cidrBlock": self.network.prefix, "ipv6CidrBlock": "2001:db8:0:ff00::/56"}

    def instance(self, _name: str, inputs: Inputs) -> Made:
        identity = self.start(inputs["tags"]["slipway:role"], inputs["userData"])
        return identity, {"privateIp": self.instances[identity].address}

    def address(self, name: str, _inputs: Inputs) -> Made:
        self._fixed[name] = self.network.address(200 + len(self._fixed))
        return name, {"publicIp": self._fixed[name]}

    def association(self, name: str, inputs: Inputs) -> Made:
        """The address is there at once, and nowhere else any more."""
        machine = self.instances[inputs["instanceId"]]
        run(["ip", "-n", machine.namespace, "address", "add", f"{self._fixed[inputs['allocationId']]}/24", "dev", "eth0"])
        return f"{name}-id", {}

    def volume(self, name: str, _inputs: Inputs) -> Made:
        return f"vol-{hashlib.sha256(name.encode()).hexdigest()[:17]}", {}

    def attachment(self, name: str, inputs: Inputs) -> Made:
        """A host here has its disk from the start; from now on under the name that such disks have there."""
        machine = self.instances[inputs["instanceId"]]
        machine.wait_booted()
        link = _BY_ID + inputs["volumeId"].replace("-", "")
        machine.shell(f"mkdir -p /dev/disk/by-id && ln -s {machine.volume} {link}")
        return f"{name}-id", {}

    def template(self, name: str, inputs: Inputs) -> Made:
        self._template = base64.b64decode(inputs["userData"]).decode()
        return f"{name}-id", {}

    def group(self, name: str, inputs: Inputs) -> Made:
        self.grow(inputs["minSize"])
        return name, {"name": name}

    def targets(self, name: str, inputs: Inputs) -> Made:
        """Any host of the network may come to be one: those that don't answer are none."""
        lines = [f"    server host{number} {self.network.address(number)}:80" for number in range(2, 10)]
        text = Path(__file__).with_name("balancer.cfg").read_text(encoding="utf-8")
        for word, value in {"ADDRESS": self.network.gateway, "PATH": inputs["healthCheck"]["path"], "SERVERS": "\n".join(lines)}.items():
            text = text.replace(word, value)
        self._folder = tempfile.TemporaryDirectory(prefix="slipway-balancer-")
        file = Path(self._folder.name, "balancer.cfg")
        file.write_text(text)
        self._balancer = subprocess.Popen(["haproxy", "-db", "-q", "-f", str(file)], stdin=subprocess.DEVNULL)
        return f"{name}-id", {}

    def balancer(self, name: str, _inputs: Inputs) -> Made:
        return f"{name}-id", {"dnsName": self.network.gateway}

    def close(self) -> None:
        """Ends the load balancer, if there is one."""
        if self._balancer:
            self._balancer.terminate()
            self._balancer.wait(30)
        if self._folder:
            self._folder.cleanup()


_MAKERS = {
    "aws:s3/bucket:Bucket": Amazon.bucket,
    "aws:iam/role:Role": Amazon.role,
    "aws:ec2/vpc:Vpc": Amazon.vpc,
    "aws:ec2/instance:Instance": Amazon.instance,
    "aws:ec2/eip:Eip": Amazon.address,
    "aws:ec2/eipAssociation:EipAssociation": Amazon.association,
    "aws:ec2/launchTemplate:LaunchTemplate": Amazon.template,
    "aws:autoscaling/group:Group": Amazon.group,
    "aws:lb/targetGroup:TargetGroup": Amazon.targets,
    "aws:lb/loadBalancer:LoadBalancer": Amazon.balancer,
    "aws:ebs/volume:Volume": Amazon.volume,
    "aws:ec2/volumeAttachment:VolumeAttachment": Amazon.attachment,
}
_ANSWERS: dict[str, dict[str, Any]] = {
    "getAvailabilityZones": {"names": [f"{REGION}a", f"{REGION}b", f"{REGION}c"]},
}


def _metadata(account: str, identity: str, address: str, user_data: str) -> dict[str, str]:
    document = {"accountId": account, "instanceId": identity, "region": REGION, "privateIp": address, "availabilityZone": f"{REGION}a"}
    facts = {
        "instance-id": identity, "hostname": f"{identity}.{REGION}.compute.internal", "local-hostname": identity, "local-ipv4": address,
        "ami-id": "ami-0123456789abcdef0", "instance-type": "t4g.small", "placement/availability-zone": f"{REGION}a",
        "placement/region": REGION, "services/domain": "amazonaws.com",
    }  # fmt: skip
    return {
        **{f"meta-data/{name}": text for name, text in facts.items()},
        "user-data": user_data,
        "dynamic/instance-identity/document": json.dumps(document),
    }


class AmazonMonitor(Monitor):
    """The engine's own, with that account behind it: Slipway's dynamic resources run as ever, Amazon's are made there."""

    amazon: Amazon

    def Invoke(self, request: Any, *_: Any) -> Any:  # noqa: N802  the SDK's name
        arguments, _hidden = values.from_struct(request.args)
        answer = resource_pb2.ResourceInvokeResponse()
        getattr(answer, "return").update(self.amazon.look_up(request.tok, arguments))
        return answer

    def RegisterResource(self, request: Any, *words: Any) -> Any:  # noqa: N802
        request.providers.clear()
        if not request.custom or is_dynamic(request.type):
            return super().RegisterResource(request, *words)
        urn = urn_of(self.project, self.stack, request)
        inputs, _hidden = values.from_struct(request.object)
        try:
            identity, outputs = self.amazon.make(urn, request.type, request.name, inputs)
        except Exception as error:  # noqa: BLE001  told by the engine, as a provider's
            self._fail(f"{request.name}: {type(error).__name__}: {error}")
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=values.to_struct(outputs, ()))
