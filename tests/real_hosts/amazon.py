"""An account of Amazon's whose instances are hosts of a test network, and which moto knows of."""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar

from answers import serving

from ops.plan.record import record
from ops.stack.project import Project, load_stack

from .account import Account, Inputs, Made
from .commands import run
from .deployer import REGION, Deployer
from .instances import Instances, Wanted
from .machine import Machine
from .metadata import Metadata, Tree, of_instance
from .network import Network
from .recorded import Recorded, RecordedOnAmazon
from .seed import AMAZON, Image
from .trust import certified

_BY_ID = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"
_INSTANCE, _GROUP, _ASSOCIATION = "aws:ec2/instance:Instance", "aws:autoscaling/group:Group", "aws:ec2/eipAssociation:EipAssociation"
_ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
_TRUST = '{"Version": "2012-10-17", "Statement": []}'
_IMAGE = "ami-12c6146b"  # one that moto has


class AmazonInstances(Instances):
    """Once they were looked up in the deployer's account, commands reach them by Systems Manager."""

    ATTACHMENT = _ATTACHMENT

    def __init__(self, network: Network, metadata: Metadata, deployer: Deployer, agents: Any, image: Image) -> None:
        super().__init__(network, metadata, agents, image.with_environment(deployer.where), deployer.port)
        self.deployer, self._ec2 = deployer, deployer.client("ec2")

    def associate(self, identity: str, allocation: str) -> Machine:
        """The fixed address is its own from now on."""
        self._ec2.associate_address(AllocationId=allocation, InstanceId=identity, AllowReassociation=True)
        self.stand(identity, self.recorded)
        return self.running[identity]

    def register(self, wanted: Wanted, address: str) -> tuple[str, Tree]:
        tags = [{"Key": key, "Value": value} for key, value in wanted.tags.items()]
        started = self._ec2.run_instances(
            ImageId=_IMAGE, MinCount=1, MaxCount=1, PrivateIpAddress=address, IamInstanceProfile={"Name": wanted.role},
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )  # fmt: skip
        identity = str(started["Instances"][0]["InstanceId"])
        return identity, of_instance(self.deployer.account, REGION, identity, address, wanted.user_data)

    def unregister(self, identity: str) -> None:
        self._ec2.terminate_instances(InstanceIds=[identity])


class Amazon(Account):
    """`deployer`: who launches."""

    TARGET, REGION, GROUP, INSTANCE, MOVING = "aws-ec2", REGION, _GROUP, _INSTANCE, (_ASSOCIATION, _ATTACHMENT)
    ANSWERS: ClassVar[Mapping[str, dict[str, Any]]] = {"getAvailabilityZones": {"names": [f"{REGION}a", f"{REGION}b", f"{REGION}c"]}}
    hosts: AmazonInstances

    def __init__(self, hosts: AmazonInstances) -> None:
        super().__init__(hosts)
        self.deployer = hosts.deployer
        self.iam, self.ec2 = self.deployer.client("iam"), self.deployer.client("ec2")
        self._template: Inputs = {}

    def recorded(self, project: Project) -> Recorded:
        return RecordedOnAmazon(record(project, load_stack(project, "dev", sealed=True)))

    def look_up(self, token: str, arguments: Inputs) -> dict[str, Any]:
        caller = {"accountId": self.deployer.account} if token.endswith(":getCallerIdentity") else {}
        return {**super().look_up(token, arguments), **caller}

    def next(self) -> Wanted:
        given = self._template
        (tags,) = [one["tags"] for one in given["tagSpecifications"] if one["resourceType"] == "instance"]
        (group,) = [one.name for one in self.hosts.recorded.plan.of(_GROUP)]
        profile, data = given["iamInstanceProfile"]["arn"].rpartition("/")[2], base64.b64decode(given["userData"]).decode()
        return Wanted(_GROUP, group, profile, data, tags)

    def stored(self, folder: str) -> dict[str, bytes]:
        s3 = self.deployer.client("s3")
        (bucket,) = [one["Name"] for one in s3.list_buckets()["Buckets"]]
        names = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix=folder).get("Contents", [])]
        return {name: s3.get_object(Bucket=bucket, Key=name)["Body"].read() for name in names}

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
        made = self.ec2.allocate_address(Domain="vpc", Address=self.network.fixed_address())
        self.addresses[made["AllocationId"]] = made["PublicIp"], None
        return made["AllocationId"], {"publicIp": made["PublicIp"]}

    def association(self, name: str, inputs: Inputs) -> Made:
        self.move(inputs["allocationId"], self.hosts.associate(inputs["instanceId"], inputs["allocationId"]))
        return f"{name}-id", {}

    def volume(self, name: str, _inputs: Inputs) -> Made:
        return f"vol-{hashlib.sha256(name.encode()).hexdigest()[:17]}", {}

    def attachment(self, name: str, inputs: Inputs) -> Made:
        self.attach(name, inputs["instanceId"], _BY_ID + inputs["volumeId"].replace("-", ""))
        return f"{name}-id", {}

    def template(self, name: str, inputs: Inputs) -> Made:
        self._template = inputs
        return f"{name}-id", {}

    def targets(self, name: str, inputs: Inputs) -> Made:
        self.balance(inputs["healthCheck"]["path"])
        return f"{name}-id", {}

    def balancer(self, name: str, _inputs: Inputs) -> Made:
        return f"{name}-id", {"dnsName": self.network.gateway}

    MAKERS: ClassVar[Mapping[str, Callable[[Any, str, Any], Made]]] = {
        "aws:s3/bucket:Bucket": bucket,
        "aws:iam/role:Role": role,
        "aws:iam/instanceProfile:InstanceProfile": profile,
        "aws:ec2/vpc:Vpc": vpc,
        _INSTANCE: instance,
        "aws:ec2/eip:Eip": address,
        _ASSOCIATION: association,
        "aws:ec2/launchTemplate:LaunchTemplate": template,
        _GROUP: Account.group,
        "aws:lb/targetGroup:TargetGroup": targets,
        "aws:lb/loadBalancer:LoadBalancer": balancer,
        "aws:ebs/volume:Volume": volume,
        _ATTACHMENT: attachment,
    }


@contextmanager
def agents_there(network: Network) -> Iterator[Image]:
    """Amazon's image, whose hosts get its agent from its bucket in the region; what they get there does nothing."""
    places = {"amazon-ssm-agent": f"s3.{REGION}.amazonaws.com"}
    with certified(network, *places.values()) as (authority, context):
        made = {f"{name}.deb": _package(authority.certificate.parent, name) for name in places}

        address = network.own_address()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = made[self.path.rpartition("/")[2]]
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Nobody reads that."""

        with serving(Handler, (address, 443), context):
            yield AMAZON.trusting(authority.certificate.read_text()).with_hosts(dict.fromkeys(places.values(), address))


def _package(folder: Path, name: str) -> bytes:
    """One of Debian's kind, with the program that sets that agent."""
    tree, program = folder / name, folder / name / f"opt/aws/{name}/bin/{name}-ctl"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tree / "DEBIAN").mkdir(mode=0o755)
    (tree / "DEBIAN/control").write_text(f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: nothing\n")
    run(["dpkg-deb", "--build", "--root-owner-group", str(tree), f"{tree}.deb"])
    return Path(f"{tree}.deb").read_bytes()
