"""The program under Pulumi's mocks: `PYTHONPATH=../.. pytest` in this folder asks nobody."""

import runpy
from typing import Any

import pulumi
from pulumi.runtime import mocks

made: dict[str, tuple[str, dict[str, Any]]] = {}


class Amazon(mocks.Mocks):
    """An account that says yes to everything."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        made[f"{args.typ.rpartition(':')[2]} {args.name}"] = (args.name, args.inputs)
        return f"{args.name}-id", {"arn": "arn", "arnSuffix": "arn", "uniqueId": "AROA1", "dnsName": "a.example.com", **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> Any:
        return {"id": "ami-1", "rootDeviceName": "/dev/xvda", "region": "eu-west-1", "availabilityZone": "eu-west-1a"}


@pulumi.runtime.test  # type: ignore[untyped-decorator]
def test_what_holds_data_is_encrypted_and_only_the_load_balancer_is_public() -> None:
    mocks.set_mocks(Amazon(), project="shop", stack="prod")
    pulumi.runtime.set_all_config({"shop:vpc": "vpc-1", "shop:subnets": '["subnet-1", "subnet-2"]', "shop:bucket": "shop-releases"})
    runpy.run_path("__main__.py")


def test_what_was_made() -> None:
    """After the program: what it asked for."""
    assert made["Volume shop-database-data"][1]["encrypted"] is True
    world = {name for name, (_, inputs) in made.items() if inputs.get("cidrIpv4") == "0.0.0.0/0" and "Ingress" in name}
    assert world == {"SecurityGroupIngressRule shop-web-balancer-80-0.0.0.0/0"}
