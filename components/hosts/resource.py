"""A host that the deploying side can reach: the host tool and its facts in place, its processes up."""

import json
from dataclasses import asdict

import pulumi
import pulumi.dynamic

from cloud_init.host import contracts
from cloud_init.host.contracts.facts import HostFacts
from cloud_init.host_tool import tool_id
from components.owner import Owner
from components.providers import HostProvider


class Host(pulumi.dynamic.Resource, module="slipway", name="Host"):
    """`owner` marks who manages it."""

    def __init__(self, name: str, facts: HostFacts, owner: Owner, opts: pulumi.ResourceOptions | None = None) -> None:
        inputs = {"facts": json.dumps(contracts.document(facts), sort_keys=True), "tool": tool_id(), "owner": asdict(owner)}
        super().__init__(HostProvider(), name, inputs, opts)
