"""The program under Pulumi's mocks: `PYTHONPATH=../.. pytest` in this folder asks nobody."""

import runpy
from typing import Any

import pulumi
from pulumi.runtime import mocks

made: dict[str, dict[str, Any]] = {}


class Google(mocks.Mocks):
    """A project that says yes to everything."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        made[f"{args.typ.rpartition(':')[2]} {args.name}"] = args.inputs
        told = {"dnsName": "1.2.europe-west1.sql.goog.", "serverCaCerts": [{"cert": "PEM"}], "email": "shop@example.com", "uniqueId": "1"}
        return f"{args.name}-id", {**told, "name": args.name, "project": "shop-123456", "address": "203.0.113.7", **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> Any:
        return {}


@pulumi.runtime.test  # type: ignore[untyped-decorator]
def test_the_program_runs() -> None:
    mocks.set_mocks(Google(), project="shop", stack="prod")
    pulumi.runtime.set_all_config({"shop:bucket": "shop-4711", "shop:google": "shop-123456"})
    runpy.run_path("__main__.py")


def test_only_the_web_server_is_public_and_the_database_is_locked() -> None:
    """After the program: what it asked for."""
    settings = made["DatabaseInstance shop-database"]["settings"]
    assert (settings["ipConfiguration"]["ipv4Enabled"], settings["deletionProtectionEnabled"]) == (False, True)
    world = {name for name, inputs in made.items() if inputs.get("sourceRanges") == ["0.0.0.0/0"]}
    assert world == {"Firewall shop-web-world"}
