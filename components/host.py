"""A host that the deploying side can reach: the host tool and its facts in place, its processes up."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pulumi
import pulumi.dynamic

from cloud_init.bundle import tool_id
from components.owner import Owner
from components.providers import HostProvider


class Host(pulumi.dynamic.Resource, module="slipway", name="Host"):
    """`facts` is the host.json of the architecture page, with the transport's name; `owner` marks who manages it."""

    def __init__(self, name: str, facts: Mapping[str, Any], owner: Owner, opts: pulumi.ResourceOptions | None = None) -> None:
        inputs = {"facts": json.dumps(facts, sort_keys=True), "tool": tool_id(), "owner": asdict(owner)}
        super().__init__(HostProvider(), name, inputs, opts)
