"""An account of Amazon's whose instances are hosts of a test network: what a program registers is made, as far as hosts can tell."""

import base64
import hashlib
import threading
from collections.abc import Mapping
from typing import Any

import put_out

from ops.plan import stand_ins

from .balancer import Balancer
from .commands import run
from .deployer import REGION
from .instances import Instances, Wanted
from .machine import Machine

_BY_ID = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"
_INSTANCE, _GROUP, _ASSOCIATION = "aws:ec2/instance:Instance", "aws:autoscaling/group:Group", "aws:ec2/eipAssociation:EipAssociation"
_ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
_TRUST = '{"Version": "2012-10-17", "Statement": []}'
Inputs = Mapping[str, Any]
Made = tuple[str, dict[str, Any]]
"""A resource's id, and what it puts out beside its inputs."""


class Amazon:
    """`hosts`: those that it has."""

    def __init__(self, hosts: Instances) -> None:
        self.hosts, self.network, self.deployer = hosts, hosts.network, hosts.deployer
        self.iam, self.ec2 = self.deployer.client("iam"), self.deployer.client("ec2")
        self._made: dict[str, tuple[Inputs, Made]] = {}
        self._wanted: set[str] = set()
        self._fixed: dict[str, tuple[str, Machine | None]] = {}
        self._attached: dict[str, Machine] = {}
        self._lock = threading.Lock()
        self._template: Inputs = {}
        self._balancer: Balancer | None = None

    def make(self, urn: str, type: str, name: str, inputs: Inputs) -> Made:
        """The resource; the same one again where it is there, but for an address or a disk that moves."""
        with self._lock:
            self._wanted.add(urn)
            before = self._made.get(urn)
            if before is None or (type in (_ASSOCIATION, _ATTACHMENT) and before[0] != inputs):
                maker = _MAKERS.get(type)
                identity, outputs = maker(self, name, inputs) if maker else (f"{name}-id", {})
                self._made[urn] = inputs, (identity, {**put_out.outputs(type, name), **inputs, **outputs})
            return self._made[urn][1]

    def settle(self, well: bool) -> None:
        """At a run's end: where it went well, what it didn't ask for goes, as any engine does it."""
        for urn in [one for one in self._made if well and one not in self._wanted]:
            _, (identity, _) = self._made.pop(urn)
            if urn.split("::")[2].endswith(_INSTANCE):
                self.hosts.end(identity)
        self._wanted.clear()

    def look_up(self, token: str, arguments: Inputs) -> dict[str, Any]:
        """What the cloud would answer."""
        known = {"getCallerIdentity": {"accountId": self.deployer.account}, **_ANSWERS}.get(token.rpartition(":")[2], {})
        return {**stand_ins.lookup(token, arguments)[1], **known}

    def grow(self, hosts: int) -> list[Machine]:
        """As many more of the group, of the very template that the first ones were started from."""
        given = self._template
        (tags,) = [one["tags"] for one in given["tagSpecifications"] if one["resourceType"] == "instance"]
        (group,) = [one.name for one in self.hosts.recorded.plan.of(_GROUP)]
        profile, data = given["iamInstanceProfile"]["arn"].rpartition("/")[2], base64.b64decode(given["userData"]).decode()
        return [self.hosts.running[self.hosts.start(Wanted(_GROUP, group, profile, data, tags))] for _ in range(hosts)]

    def bucket(self, _name: str, inputs: Inputs) -> Made:
        where: Any = {"LocationConstraint": REGION}
        self.deployer.client("s3").create_bucket(Bucket=inputs["bucket"], CreateBucketConfiguration=where)
        return inputs["bucket"], {"arn": f"arn:aws:s3:::{inputs['bucket']}"}

    def role(self, name: str, _inputs: Inputs) -> Made:
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=_TRUST)["Role"]
        return name, {"name": name, "uniqueId": made["RoleId"]}

    def profile(self, name: str, inputs: Inputs) -> Made:
        made = self.iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        self.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=inputs["role"])
        return name, {"name": name, "arn": made["Arn"]}

    def vpc(self, name: str, _inputs: Inputs) -> Made:
        """The test network is the VPC, whatever addresses the program would have it have."""
        return f"{name}-id", {"cidrBlock": self.network.prefix, "ipv6CidrBlock": "2001:db8:0:ff00::/56"}

    def instance(self, name: str, inputs: Inputs) -> Made:
        identity = self.hosts.start(Wanted(_INSTANCE, name, inputs["iamInstanceProfile"], inputs["userData"], inputs["tags"]))
        return identity, {"privateIp": self.hosts.running[identity].address}

    def address(self, _name: str, _inputs: Inputs) -> Made:
        made = self.ec2.allocate_address(Domain="vpc", Address=self.network.address(200 + len(self._fixed)))
        self._fixed[made["AllocationId"]] = made["PublicIp"], None
        return made["AllocationId"], {"publicIp": made["PublicIp"]}

    def association(self, name: str, inputs: Inputs) -> Made:
        """The address is there at once, and nowhere else any more."""
        allocation = inputs["allocationId"]
        address, before = self._fixed[allocation]
        machine = self.hosts.associate(inputs["instanceId"], allocation)
        if before:
            run(["ip", "-n", before.namespace, "address", "delete", f"{address}/24", "dev", "eth0"])
        run(["ip", "-n", machine.namespace, "address", "add", f"{address}/24", "dev", "eth0"])
        run(["ip", "neighbour", "flush", "to", address, "dev", self.network.name])
        self._fixed[allocation] = address, machine
        return f"{name}-id", {}

    def volume(self, name: str, _inputs: Inputs) -> Made:
        return f"vol-{hashlib.sha256(name.encode()).hexdigest()[:17]}", {}

    def attachment(self, name: str, inputs: Inputs) -> Made:
        """A host here has its disk from the start; from now on under the name that such disks have there. Who had it is stopped."""
        machine = self.hosts.running[inputs["instanceId"]]
        before, self._attached[name] = self._attached.get(name), machine
        if before:
            before.stop()
        machine.wait_booted()
        link = _BY_ID + inputs["volumeId"].replace("-", "")
        machine.shell(f"mkdir -p /dev/disk/by-id && ln -s {machine.volume} {link}")
        return f"{name}-id", {}

    def template(self, name: str, inputs: Inputs) -> Made:
        self._template = inputs
        return f"{name}-id", {}

    def group(self, name: str, inputs: Inputs) -> Made:
        self.grow(inputs["minSize"])
        return name, {"name": name}

    def targets(self, name: str, inputs: Inputs) -> Made:
        self._balancer = Balancer(self.network, inputs["healthCheck"]["path"])
        return f"{name}-id", {}

    def balancer(self, name: str, _inputs: Inputs) -> Made:
        return f"{name}-id", {"dnsName": self.network.gateway}

    def close(self) -> None:
        """Ends the load balancer, if there is one."""
        if self._balancer:
            self._balancer.close()


_MAKERS = {
    "aws:s3/bucket:Bucket": Amazon.bucket,
    "aws:iam/role:Role": Amazon.role,
    "aws:iam/instanceProfile:InstanceProfile": Amazon.profile,
    "aws:ec2/vpc:Vpc": Amazon.vpc,
    _INSTANCE: Amazon.instance,
    "aws:ec2/eip:Eip": Amazon.address,
    _ASSOCIATION: Amazon.association,
    "aws:ec2/launchTemplate:LaunchTemplate": Amazon.template,
    _GROUP: Amazon.group,
    "aws:lb/targetGroup:TargetGroup": Amazon.targets,
    "aws:lb/loadBalancer:LoadBalancer": Amazon.balancer,
    "aws:ebs/volume:Volume": Amazon.volume,
    _ATTACHMENT: Amazon.attachment,
}
_ANSWERS: dict[str, dict[str, Any]] = {
    "getAvailabilityZones": {"names": [f"{REGION}a", f"{REGION}b", f"{REGION}c"]},
}
