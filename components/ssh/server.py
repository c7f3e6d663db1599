"""A server that is there already: made one of the stack's own."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pulumi
import pulumi.dynamic

from cloud_init import bootstrap, host_tool
from components.owner import Owner
from components.providers import SshServerProvider
from components.ssh import bring_up


class SshServer(pulumi.dynamic.Resource, module="slipway", name="SshServer"):
    """`facts` of the server, and of all `servers` of the stack, as components/targets/ssh.py has
    them; `tree`: the stack's folder here."""

    def __init__(
        self, facts: Mapping[str, Any], servers: Sequence[Mapping[str, Any]], owner: Owner, tree: str, opts: pulumi.ResourceOptions
    ) -> None:
        inputs = {"facts": json.dumps(facts, sort_keys=True), "servers": json.dumps(servers, sort_keys=True), "owner": asdict(owner)}
        super().__init__(SshServerProvider(), f"{facts['app']}-{facts['host']}", {**inputs, "tree": tree, "boot": _boot(facts)}, opts)


def _boot(facts: Mapping[str, Any]) -> str:
    """A hash that changes where a server has to be set up anew.

    One that follows a bucket takes another host tool with a release."""
    boot = bring_up.boot(facts)
    return hashlib.sha256((bootstrap.script(boot) + (host_tool.tool_id() if boot.transport else "")).encode()).hexdigest()
