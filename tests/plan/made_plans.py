"""Made-up plans: a builder, and plans of a few sizes as they look for AWS."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ops.plan.document import Change, Comparison, Document, PropertyChange, Warning
from policy.check import Finding
from policy.plan import UNKNOWN, Lookup, Plan, Resource, origins

TAGS = {"slipway:app": "shop", "slipway:stack": "prod", "Name": "shop", "owner": "web"}


class Made:
    """Collects registrations as a program makes them; what an input refers to becomes a dependency."""

    def __init__(self, stack: str = "prod", target: str = "aws-ec2", project: str = "shop") -> None:
        self.stack, self.target, self.project = stack, target, project
        self.resources: list[Resource] = []
        self.lookups: list[Lookup] = []
        self.settings: dict[str, Any] = {"slipway:target": target, "slipway:app.name": "shop"}
        self.outputs: dict[str, Any] = {}
        self.notes: tuple[str, ...] = ()

    def component(self, name: str, token: str, parent: str = "") -> str:
        """A component; gives its URN."""
        return self.add(name, token, {}, parent, kind="component")

    def add(
        self,
        name: str,
        token: str,
        inputs: Mapping[str, Any] = MappingProxyType({}),
        parent: str = "",
        after: Sequence[str] = (),
        **more: Any,
    ) -> str:
        """A resource; gives its URN."""
        path = "" if not parent else parent.split("::")[2] + "$"
        urn = f"urn:pulumi:{self.stack}::{self.project}::{path}{token}::{name}"
        references = {key: tuple(sorted(set(_origins(value)))) for key, value in inputs.items()}
        references = {key: urns for key, urns in references.items() if urns}
        needs = sorted({*after, *(one for urns in references.values() for one in urns)})
        made = {"urn": urn, "type": token, "name": name, "parent": parent, "inputs": dict(inputs), "depends_on": needs}
        self.resources.append(Resource(**{**made, "references": references, **more}))
        return urn

    def look_up(self, token: str, arguments: Mapping[str, Any]) -> str:
        """Gives what a field of the answer starts with."""
        stand_in = f"lookup({token}#{len(self.lookups) + 0x1A2B3C4D:x})"
        self.lookups.append(Lookup(token=token, arguments=dict(arguments), stand_in=stand_in))
        return stand_in

    def plan(self) -> Plan:
        return Plan(
            project=self.project,
            stack=self.stack,
            target=self.target,
            settings=self.settings,
            resources=tuple(self.resources),
            lookups=tuple(self.lookups),
            outputs=self.outputs,
            notes=self.notes,
        )

    def document(self, findings: Sequence[Finding] = (), comparison: Comparison | None = None) -> Document:
        return Document(plan=self.plan(), findings=tuple(findings), comparison=comparison)


def unknown(*urns: str) -> dict[str, list[str]]:
    """An output that is known once those resources exist."""
    return {UNKNOWN: list(urns)}


SECRET = {"$secret": "5f2c"}


def _origins(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from origins(value)
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _origins(item)


def local() -> Made:
    """Three resources on this machine."""
    made = Made("dev", "local")
    target = made.component("shop", "slipway:local:Target")
    key = made.add(
        "release-key", "pulumi-python:dynamic/components.providers:RandomSecret", {"bytes": 32}, target, secret_outputs=["value"]
    )
    host = {"root": "./.slipway/dev", "app": "shop", "listen": ["127.0.0.1", 8080], "tool": '{"files": [1, 2, 3]}'}
    web = made.add("web-1", "pulumi-python:dynamic/components.providers:Host", host, target)
    manifest = '{"files": ["a", "b", "c"], "requirements": ["flask", "gunicorn"], "module": "wsgi:app"}'
    release = {"manifest": manifest, "key": unknown(key), "hosts": [unknown(web)], "secretEnv": {"SECRET_KEY": SECRET}}
    rollout = made.add("rollout", "pulumi-python:dynamic/components.providers:Rollout", release, target, [key, web])
    made.outputs = {"url": "http://127.0.0.1:8080", "release": unknown(rollout), "target": "local"}
    return made


class Aws(Made):
    """One machine in a network, then more of what a shop has."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = self.component("shop", "slipway:aws:Target")
        self.network = self.component("network", "slipway:aws:Network", self.shop)
        self.web = self.component("web", "slipway:aws:Web", self.shop)

    def basic(self) -> "Aws":
        """A network, a machine, its address."""
        self.vpc = self._add("vpc", "ec2/vpc:Vpc", {"cidrBlock": "10.20.0.0/16", "enableDnsHostnames": True}, self.network)
        self.gateway = self._add("gateway", "ec2/internetGateway:InternetGateway", {"vpcId": unknown(self.vpc)}, self.network)
        route = {"cidrBlock": "0.0.0.0/0", "gatewayId": unknown(self.gateway)}
        self.routes = self._add("public", "ec2/routeTable:RouteTable", {"vpcId": unknown(self.vpc), "routes": [route]}, self.network)
        self.subnets = [self._subnet(letter, number) for number, letter in enumerate("ab")]
        self.web_group = self._group("web", self.web)
        self._rule("web-http", self.web_group, 80, "0.0.0.0/0")
        self._rule("web-https", self.web_group, 443, "0.0.0.0/0")
        return self

    def machine(self) -> "Aws":
        """A single host with an address that stays."""
        ami = self.look_up(
            "aws:ec2/getAmi:getAmi",
            {"owners": ["136693071363"], "mostRecent": True, "filters": [{"name": "name", "values": ["debian-13-amd64-*"]}]},
        )
        inputs = {
            "ami": f"{ami}.id",
            "instanceType": "t3.small",
            "subnetId": unknown(self.subnets[0]),
            "vpcSecurityGroupIds": [unknown(self.web_group)],
            "metadataOptions": {"httpTokens": "required", "httpEndpoint": "enabled"},
            "rootBlockDevice": {"volumeSize": 20, "encrypted": True, "volumeType": "gp3"},
            "userData": "#!/bin/sh\n" + "echo set up\n" * 1000,
        }
        self.host = self._add("web-host", "ec2/instance:Instance", inputs, self.web, ignore_changes=["ami", "userData"])
        address = self._add("web-address", "ec2/eip:Eip", {"domain": "vpc"}, self.web)
        held = {"allocationId": unknown(address), "instanceId": unknown(self.host)}
        self._add("web-address", "ec2/eipAssociation:EipAssociation", held, self.web)
        self.outputs = {"url": unknown(address), "target": "aws-ec2"}
        return self

    def fleet(self) -> "Aws":
        """A load balancer before a group of machines."""
        self.front_group = self._group("front", self.web)
        self._rule("front-https", self.front_group, 443, "0.0.0.0/0")
        front = {
            "loadBalancerType": "application",
            "internal": False,
            "securityGroups": [unknown(self.front_group)],
            "subnets": [unknown(one) for one in self.subnets],
            "enableDeletionProtection": True,
        }
        balancer = self._add("front", "lb/loadBalancer:LoadBalancer", front, self.web, protect=True)
        members = self._add("members", "lb/targetGroup:TargetGroup", {"port": 80, "protocol": "HTTP", "vpcId": unknown(self.vpc)}, self.web)
        listener = {
            "loadBalancerArn": unknown(balancer),
            "port": 443,
            "protocol": "HTTPS",
            "defaultActions": [{"type": "forward", "targetGroupArn": unknown(members)}],
        }
        self._add("https", "lb/listener:Listener", listener, self.web)
        template = {
            "imageId": "ami-0abc",
            "instanceType": "t3.small",
            "vpcSecurityGroupIds": [unknown(self.web_group)],
            "iamInstanceProfile": {"arn": unknown(self._role())},
        }
        made = self._add("web", "ec2/launchTemplate:LaunchTemplate", template, self.web)
        group = {
            "minSize": 2,
            "maxSize": 6,
            "vpcZoneIdentifiers": [unknown(one) for one in self.subnets],
            "targetGroupArns": [unknown(members)],
            "launchTemplate": {"id": unknown(made), "version": "$Latest"},
        }
        self.machines = self._add("web", "autoscaling/group:Group", group, self.web)
        self._add(
            "web-cpu",
            "autoscaling/policy:Policy",
            {"autoscalingGroupName": unknown(self.machines), "policyType": "TargetTrackingScaling"},
            self.web,
        )
        return self

    def data(self) -> "Aws":
        """A database and a bucket, protected."""
        data = self.component("data", "slipway:aws:Data", self.shop)
        group = self._group("database", data)
        inner = {
            "type": "ingress",
            "securityGroupId": unknown(group),
            "sourceSecurityGroupId": unknown(self.web_group),
            "fromPort": 5432,
            "toPort": 5432,
            "protocol": "tcp",
        }
        self._add("database-from-web", "ec2/securityGroupRule:SecurityGroupRule", inner, data)
        nets = self._add("database", "rds/subnetGroup:SubnetGroup", {"subnetIds": [unknown(one) for one in self.subnets]}, data)
        parameters = self._add("database", "rds/parameterGroup:ParameterGroup", {"family": "postgres17"}, data)
        inputs = {
            "engine": "postgres",
            "engineVersion": "17.4",
            "instanceClass": "db.t4g.small",
            "allocatedStorage": 50,
            "storageEncrypted": True,
            "dbSubnetGroupName": unknown(nets),
            "vpcSecurityGroupIds": [unknown(group)],
            "parameterGroupName": unknown(parameters),
            "publiclyAccessible": False,
            "password": SECRET,
            "multiAz": True,
            "backupRetentionPeriod": 14,
            "deletionProtection": True,
        }
        self.database = self._add("database", "rds/instance:Instance", inputs, data, protect=True, retain=True, secret_outputs=["password"])
        self.bucket = self._add("store", "s3/bucketV2:BucketV2", {"bucketPrefix": "shop-"}, data, protect=True, retain=True)
        of = {"bucket": unknown(self.bucket)}
        self._add("store", "s3/bucketVersioningV2:BucketVersioningV2", {**of, "versioningConfiguration": {"status": "Enabled"}}, data)
        self._add("store", "s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {**of, "blockPublicAcls": True}, data)
        self._add("store", "s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", of, data)
        return self

    def _role(self) -> str:
        role = self._add(
            "web",
            "iam/role:Role",
            {"assumeRolePolicy": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}, {"Effect": "Deny"}]}'},
            self.web,
        )
        self._add("web-store", "iam/rolePolicy:RolePolicy", {"role": unknown(role), "policy": unknown(self.bucket)}, self.web)
        self._add(
            "web-ssm",
            "iam/rolePolicyAttachment:RolePolicyAttachment",
            {"role": unknown(role), "policyArn": "arn:aws:iam::aws:policy/Ssm"},
            self.web,
        )
        return self._add("web", "iam/instanceProfile:InstanceProfile", {"role": unknown(role)}, self.web)

    def _subnet(self, letter: str, number: int) -> str:
        inputs = {"vpcId": unknown(self.vpc), "cidrBlock": f"10.20.{number}.0/24", "availabilityZone": f"eu-central-1{letter}"}
        made = self._add(f"public-{letter}", "ec2/subnet:Subnet", inputs, self.network)
        joined = {"subnetId": unknown(made), "routeTableId": unknown(self.routes)}
        self._add(f"public-{letter}", "ec2/routeTableAssociation:RouteTableAssociation", joined, self.network)
        return made

    def _group(self, name: str, parent: str) -> str:
        egress = {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}
        return self._add(f"{name}-firewall", "ec2/securityGroup:SecurityGroup", {"vpcId": unknown(self.vpc), "egress": [egress]}, parent)

    def _rule(self, name: str, group: str, port: int, source: str) -> None:
        inputs = {
            "type": "ingress",
            "securityGroupId": unknown(group),
            "fromPort": port,
            "toPort": port,
            "protocol": "tcp",
            "cidrBlocks": [source],
        }
        self._add(name, "ec2/securityGroupRule:SecurityGroupRule", inputs, self.web)

    def _add(self, name: str, kind: str, inputs: Mapping[str, Any], parent: str, **more: Any) -> str:
        return self.add(name, f"aws:{kind}", {**inputs, "tags": TAGS}, parent, **more)


def single() -> Made:
    """A dozen resources: one machine."""
    return Aws().basic().machine()


def shop() -> Aws:
    """Over thirty resources: machines behind a balancer, a database, a bucket."""
    return Aws().basic().data().fleet()


def many(number: int) -> Made:
    """That many resources in components of ten, each of which needs the two before it."""
    made, urns = Made(), []
    for index in range(number):
        if index % 10 == 0:
            parent = made.component(f"part-{index // 10}", "slipway:aws:Part")
        inputs = {"size": index, "before": [unknown(one) for one in urns[-2:]], "region": "eu-central-1", "policy": '{"a": [1, 2]}'}
        urns.append(made.add(f"thing-{index}", "aws:ec2/instance:Instance", inputs, parent))
    return made


FINDINGS = (
    Finding(rule="open-ports", urn="", message="shop: no way out; wanted an internet gateway or NAT, found none; add a gateway"),
    Finding(rule="tagged", urn="", message="3 resources have no tags; set slipway:tags", waived="moved to the new account in May"),
)


def compared(made: Aws) -> Document:
    """The shop after a change of everything."""
    data = next(one.parent for one in made.resources if one.urn == made.database)
    gone = f"urn:pulumi:prod::shop::{data.split('::')[2]}$aws:elasticache/cluster:Cluster::sessions"
    rule = next(one.urn for one in made.resources if one.name == "front-https")
    changes = (
        change(
            made,
            made.database,
            "replace",
            PropertyChange(path="availabilityZone", old="eu-central-1a", new="eu-central-1b", replaces=True),
            PropertyChange(path="password", old={"$secret": "1"}, new={"$secret": "2"}),
            PropertyChange(path="allocatedStorage", old=20, new=50),
        ),
        change(made, made.machines, "alter", PropertyChange(path="maxSize", old=4, new=6), PropertyChange(path="tags.owner", new="web")),
        change(made, rule, "add"),
        change(made, made.bucket, "may-replace", PropertyChange(path="bucketPrefix", old="shop-old-", new="shop-", replaces=None)),
        Change(op="remove", urn=gone, type="aws:elasticache/cluster:Cluster", name="sessions", parent=data),
    )
    warnings = (
        Warning(
            kind="replaced", urn=made.database, message="holds data and is replaced because availabilityZone changes; take a backup first"
        ),
        Warning(kind="removed", urn=gone, message="holds data and is removed"),
        Warning(kind="unprotected", urn=rule, message="it no longer protects"),
        Warning(kind="downtime", urn="", message="the app is away while its database is replaced"),
    )
    settings = (
        PropertyChange(path="slipway:aws-ec2.size", old="small", new="large"),
        PropertyChange(path="slipway:domain", new="shop.example"),
    )
    comparison = Comparison(base="main", settings=settings, resources=changes, unchanged=len(made.resources) - 4, warnings=warnings)
    return made.document(FINDINGS, comparison)


def change(made: Made, urn: str, op: Any, *properties: PropertyChange) -> Change:
    """What happens to a resource of this plan."""
    one = next(one for one in made.resources if one.urn == urn)
    return Change(op=op, urn=urn, type=one.type, name=one.name, parent=one.parent, properties=properties)


def hostile(texts: Sequence[str]) -> Made:
    """Each text as a name, a type, an input's name and value, an output and a note; components too."""
    made = Made(stack=texts[0], target=texts[-1], project=texts[len(texts) // 2])
    last = ""
    for number, text in enumerate(texts):
        parent = made.component(text, f"slipway:x:{text}", "" if number % 3 else made.component(f"part-{number}", f"slipway:x:{text}"))
        inputs = {text: text, "list": [text], "groups": [{text: text}], "map": {text: {"deep": text}}, "from": unknown(last) if last else 1}
        last = made.add(text + str(number), f"aws:ec2/x:{text}", inputs, parent, ignore_changes=[text])
        made.outputs[text] = text
        made.look_up(f"aws:x:{text}", {text: text})
    made.notes = tuple(texts)
    made.settings |= {f"slipway:{text}": text for text in texts}
    return made


def hostile_comparison(texts: Sequence[str]) -> Document:
    """The same with every text wherever a comparison or a finding holds one."""
    made = hostile(texts)
    ops = ("add", "alter", "replace", "may-replace")
    changes = []
    for number, text in enumerate(texts):
        urn = next(one.urn for one in made.resources if one.name == text + str(number))
        changes.append(
            change(made, urn, ops[number % 4], PropertyChange(path=text, old=text, new=[text]), PropertyChange(path="x", new={text: text}))
        )
        changes.append(Change(op="remove", urn=f"urn:pulumi:a::b::c::gone{number}::{text}", type=text, name=text))
    comparison = Comparison(
        base=texts[0],
        settings=tuple(PropertyChange(path=text, old=text, new=text + "x") for text in texts),
        resources=tuple(changes),
        unchanged=3,
        warnings=tuple(Warning(kind="unprotected", urn=changes[0].urn, message=text) for text in texts),
    )
    findings = [Finding(rule=text, urn=changes[0].urn, message=text, waived=reason) for text in texts for reason in ("", text)]
    return made.document(findings, comparison)
