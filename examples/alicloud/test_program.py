"""The program under Pulumi's mocks: `PYTHONPATH=../.. pytest` in this folder asks nobody."""

import runpy
from typing import Any

import pulumi
from pulumi.runtime import mocks

made: dict[str, tuple[str, dict[str, Any]]] = {}


class Alibaba(mocks.Mocks):
    """An account that says yes to everything."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        made[f"{args.typ.rpartition(':')[2]} {args.name}"] = (args.name, args.inputs)
        return f"{args.name}-id", {"roleId": "301", "ipAddress": "203.0.113.7", "privateIp": "10.60.0.4", **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> Any:
        return {"ids": ["ap-southeast-1a", "ap-southeast-1b"], "images": [{"id": "debian_13_x64.vhd"}]}


@pulumi.runtime.test  # type: ignore[untyped-decorator]
def test_what_holds_data_is_encrypted_and_only_the_web_server_is_public() -> None:
    mocks.set_mocks(Alibaba(), project="shop", stack="prod")
    pulumi.runtime.set_all_config({"shop:bucket": "shop-4711"})
    runpy.run_path("__main__.py")


def test_what_was_made() -> None:
    """After the program: what it asked for."""
    assert made["EcsDisk shop-database-data"][1]["encrypted"] is True
    world = {name for name, (_, inputs) in made.items() if inputs.get("cidrIp") == "0.0.0.0/0"}
    assert world == {"SecurityGroupRule shop-web-80-0.0.0.0/0", "SecurityGroupRule shop-web-443-0.0.0.0/0"}
