"""An account of Alibaba Cloud's whose instances are hosts of a test network: its metadata, storage by TLS, and services are emulated."""

import base64
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any, ClassVar

import emulated
import pytest
from alibaba import ACCOUNT, REGION, Alibaba, Server, alibaba, anew

from components.alicloud.control import account as login
from ops.plan.record import record
from ops.stack.project import Project, load_stack

from .account import Account, Inputs, Made
from .instances import Instances, Wanted
from .metadata import ALIBABA, Metadata, Tree, metadata
from .network import Network
from .recorded import Recorded, RecordedOnAlibaba
from .seed import ALIBABA as IMAGE
from .seed import Image
from .trust import certified

_INSTANCE, _GROUP = "alicloud:ecs/instance:Instance", "alicloud:ess/scalingGroup:ScalingGroup"
_ASSOCIATION, _ATTACHMENT = RecordedOnAlibaba.ADDRESS, "alicloud:ecs/ecsDiskAttachment:EcsDiskAttachment"
_INSIDE = f"s3.oss-{REGION}-internal.aliyuncs.com"
_KEYS = {"AccessKeyId": "STS.1", "AccessKeySecret": "s", "SecurityToken": "token", "Expiration": "2099-01-01T00:00:00Z", "Code": "Success"}


class AlibabaInstances(Instances):
    """Commands reach them by Cloud Assistant. `roles`: of each, what its metadata has keys for, once that was given to it."""

    ATTACHMENT = _ATTACHMENT
    agents: Alibaba

    def __init__(self, network: Network, told: Metadata, service: Alibaba, image: Image) -> None:
        super().__init__(network, told, service, image, 443)
        self._numbers = count(1)

    def register(self, wanted: Wanted, address: str) -> tuple[str, Tree]:
        identity = f"i-0xi{next(self._numbers):017}"
        self.agents.servers.append(Server(identity, datetime.now(UTC).isoformat(), wanted.tags, wanted.role, public=address))
        facts = {"instance-id": identity, "hostname": f"a-name-of-its-own-{identity[-3:]}", "region-id": REGION, "private-ipv4": address}
        role = {"meta-data/ram/security-credentials/server": json.dumps(_KEYS)} if wanted.role else {}
        whole = json.dumps({**facts, "public-keys": {}})
        return identity, {**{f"meta-data/{name}": text for name, text in facts.items()}, **role, "meta-data/all": whole,
                          "user-data": wanted.user_data}  # fmt: skip

    def unregister(self, identity: str) -> None:
        self.agents.servers[:] = [one for one in self.agents.servers if one.id != identity]

    def give(self, identity: str, role: str) -> None:
        """From now on it acts as that role."""
        (there,) = [one for one in self.agents.servers if one.id == identity]
        self.agents.servers[self.agents.servers.index(there)] = Server(**{**vars(there), "ram_role": role})
        tree = self.metadata.trees[self.running[identity].address]
        keys = {"meta-data/ram/security-credentials/server": json.dumps(_KEYS)}
        self.metadata.trees[self.running[identity].address] = {**tree, **keys}


class AlibabaAccount(Account):
    """`storage`: the class that holds its objects."""

    TARGET, REGION, GROUP, INSTANCE, MOVING = "alicloud-ecs", REGION, _GROUP, _INSTANCE, (_ASSOCIATION, _ATTACHMENT)
    ANSWERS: ClassVar[Mapping[str, dict[str, Any]]] = {
        "getCallerIdentity": {"accountId": ACCOUNT},
        "getZones": {"ids": [f"{REGION}a", f"{REGION}b", f"{REGION}c"]},
    }
    hosts: AlibabaInstances

    def __init__(self, hosts: AlibabaInstances, storage: Any) -> None:
        super().__init__(hosts)
        self.storage = storage
        self._template: Inputs = {}

    def recorded(self, project: Project) -> Recorded:
        return RecordedOnAlibaba(record(project, load_stack(project, "dev", sealed=True)), self.network.prefix)

    def options(self) -> dict[str, Any]:
        return {"storeEndpoint": f"https://{self.network.gateway}"}

    def next(self) -> Wanted:
        given = self._template
        (group,) = [one.name for one in self.hosts.recorded.plan.of(_GROUP)]
        return Wanted(_GROUP, group, given["ramRoleName"], base64.b64decode(given["userData"]).decode(), given["tags"])

    def stored(self, folder: str) -> dict[str, bytes]:
        return {name: one.data for name, one in sorted(self.storage.objects.items()) if name.startswith(folder)}

    def bucket(self, _name: str, inputs: Inputs) -> Made:
        """Hosts that start from now on find it at its own name."""
        self.hosts.image = self.hosts.image.with_hosts({f"{inputs['bucket']}.{_INSIDE}": self.network.gateway})
        return inputs["bucket"], {}

    def role(self, _name: str, inputs: Inputs) -> Made:
        return inputs["roleName"], {"roleId": self.hosts.agents.role_id(inputs["roleName"])}

    def vpc(self, name: str, _inputs: Inputs) -> Made:
        """The test network is the VPC, whatever addresses the program would have it have."""
        return f"{name}-id", {"cidrBlock": self.network.prefix}

    def instance(self, name: str, inputs: Inputs) -> Made:
        assert inputs["httpTokens"] == "required"
        identity = self.hosts.start(Wanted(_INSTANCE, name, "", inputs["userData"], inputs["tags"]))
        return identity, {"privateIp": self.hosts.running[identity].address}

    def given_role(self, name: str, inputs: Inputs) -> Made:
        self.hosts.give(inputs["instanceId"], inputs["ramRoleName"])
        return f"{name}-id", {}

    def address(self, name: str, _inputs: Inputs) -> Made:
        self.addresses[f"{name}-id"] = self.network.fixed_address(), None
        return f"{name}-id", {"ipAddress": self.addresses[f"{name}-id"][0]}

    def association(self, name: str, inputs: Inputs) -> Made:
        if inputs["instanceType"] == "EcsInstance":
            self.move(inputs["allocationId"], self.hosts.running[inputs["instanceId"]])
            self.hosts.stand(inputs["instanceId"], self.hosts.recorded)
        return f"{name}-id", {}

    def disk(self, name: str, _inputs: Inputs) -> Made:
        return f"d-0xi{name.encode().hex()[-17:]}", {}

    def attachment(self, name: str, inputs: Inputs) -> Made:
        self.attach(name, inputs["instanceId"], f"/dev/disk/by-id/virtio-{inputs['diskId'].removeprefix('d-')}")
        return f"{name}-id", {}

    def template(self, name: str, inputs: Inputs) -> Made:
        assert inputs["httpTokens"] == "required"
        self._template = inputs
        return f"{name}-id", {}

    def servers(self, name: str, inputs: Inputs) -> Made:
        self.balance(inputs["healthCheckConfig"]["healthCheckPath"])
        return f"{name}-id", {}

    def balancer(self, name: str, inputs: Inputs) -> Made:
        self.hosts.agents.balancers[self.network.gateway] = inputs["tags"]
        return f"{name}-id", {"dnsName": self.network.gateway}

    MAKERS: ClassVar[Mapping[str, Callable[[Any, str, Any], Made]]] = {
        "alicloud:oss/bucket:Bucket": bucket,
        "alicloud:ram/role:Role": role,
        "alicloud:vpc/network:Network": vpc,
        _INSTANCE: instance,
        "alicloud:ecs/ramRoleAttachment:RamRoleAttachment": given_role,
        "alicloud:ecs/eipAddress:EipAddress": address,
        _ASSOCIATION: association,
        "alicloud:ecs/ecsDisk:EcsDisk": disk,
        _ATTACHMENT: attachment,
        "alicloud:ecs/ecsLaunchTemplate:EcsLaunchTemplate": template,
        _GROUP: Account.group,
        "alicloud:alb/serverGroup:ServerGroup": servers,
        "alicloud:alb/loadBalancer:LoadBalancer": balancer,
    }


@contextmanager
def alibaba_account(network: Network, patch: pytest.MonkeyPatch) -> Iterator[AlibabaAccount]:
    """Somebody's who is logged in to it."""
    for name in [name for name in os.environ if name.startswith("ALIBABA_CLOUD_")]:
        patch.delenv(name)
    with (
        certified(network, f"*.{_INSIDE}") as (authority, context),
        emulated.running(emulated.Alibaba, place=(network.gateway, 443), context=context) as (_, storage),
        metadata(network, ALIBABA) as told,
        alibaba({}) as service,
    ):
        keys = {"ACCESS_KEY_ID": "LTAItest", "ACCESS_KEY_SECRET": "test", "ENDPOINT_URL": service.url, "ECS_METADATA_DISABLED": "true"}
        for name, value in keys.items():
            patch.setenv(f"ALIBABA_CLOUD_{name}", value)
        patch.setenv("SSL_CERT_FILE", str(authority.certificate.with_name("trusted.pem")))
        anew()
        image = IMAGE.trusting(authority.certificate.read_text())
        yield AlibabaAccount(AlibabaInstances(network, told, service, image), storage)
    login.forget()
