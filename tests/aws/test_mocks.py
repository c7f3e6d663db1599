"""Blocks under Pulumi's own mocks, as programs that use them are tested: examples/aws has a test of that kind too."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, settings

from components.aws.blocks.host_role import HostRole, HostRoleArgs
from components.aws.blocks.network import Network, NetworkArgs
from components.errors import UsageError

ANSWERS: dict[str, Any] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": ["eu-west-1a", "eu-west-1b", "eu-west-1c"]},
    "aws:index/getRegion:getRegion": {"region": "eu-west-1"},
    "aws:ec2/getVpc:getVpc": {"id": "vpc-1", "cidrBlock": "10.1.0.0/16"},
    "aws:ec2/getSubnet:getSubnet": {"availabilityZone": "eu-west-1a"},
}


class Amazon(mocks.Mocks):
    """Says what each resource was asked for; `offered`: the zones of an instance type."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        self.offered = ["eu-west-1c", "eu-west-1b"]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.made[f"{args.typ.rpartition(':')[2]} {args.name}"] = args.inputs
        return f"{args.name}-id", {**args.inputs, "arn": f"arn:{args.name}", "uniqueId": "AROA1", "ipv6CidrBlock": "2001:db8::/56"}

    def call(self, args: mocks.MockCallArgs) -> Any:
        filters = {one["name"]: one["values"] for one in args.args.get("filters", ())}
        if args.token.endswith(":getInstanceTypeOfferings"):
            return {"locations": [zone for zone in self.offered if zone in filters["location"]]}
        return dict(ANSWERS[args.token])


@pytest.fixture
def amazon() -> Iterator[Amazon]:
    made = Amazon()
    loop = asyncio.new_event_loop()  # other tests end theirs
    asyncio.set_event_loop(loop)
    mocks.set_mocks(made, project="shop", stack="prod")
    yield made
    settings.reset_options()
    loop.close()


def finished(*outputs: pulumi.Output[Any]) -> list[Any]:
    """The values of these, once all is made."""
    found: list[Any] = []

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def wait() -> Any:
        return pulumi.Output.all(*outputs).apply(found.extend)

    wait()
    return found


def test_a_role_has_a_policy(amazon: Amazon) -> None:
    args = HostRoleArgs(app="shop", role="web", store="s3://b", store_arn="arn:aws:s3:::b")
    finished(HostRole("shop-web", args).user_data)
    assert json.loads(amazon.made["RolePolicy shop-web"]["policy"])["Statement"]


def test_a_network_is_in_zones_that_have_the_instance_types(amazon: Amazon) -> None:
    network = Network("shop", NetworkArgs(instance_types=["m8g.large", "t4g.small"]))
    assert finished(network.host_zone) == ["eu-west-1b"]
    zones = [one["availabilityZone"] for name, one in amazon.made.items() if name.startswith("Subnet ")]
    assert sorted(zones) == ["eu-west-1b", "eu-west-1c"]


def test_an_instance_type_of_one_zone_is_refused(amazon: Amazon) -> None:
    amazon.offered = ["eu-west-1b"]
    with pytest.raises(UsageError) as told:
        finished(Network("shop", NetworkArgs(instance_types=["m8g.large"])).host_zone)
    assert str(told.value) == ("shop: wanted two zones that have m8g.large, found eu-west-1b; take another type, or another region")
