"""The servers of a stack as they are now: looked up each time, as groups start and end them. They
are reached by SSH through Identity-Aware Proxy: no port is open, no public address needed."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from cloud_init.fleet import ROLES
from components.blocks.block import ROLE
from components.errors import Lost, SlipwayError
from components.gcp import common
from components.gcp.control import account
from components.hosts import names
from components.hosts.transports.ssh import SshTransport
from components.ssh.connection import Connection, Login

_PORT = 22
_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
_BOOTS = "a server that boots needs a minute; see what it says: gcloud compute instances get-serial-port-output {name} --zone={zone}"


def find(project: str, region: str, place_project: str, stack: str, app: str) -> tuple[str, tuple[SshTransport, ...]]:
    """The address of that stack's store for deployers, and the hosts that the project has of it:
    web first, the oldest of each role first. There may be none. `place_project`: Pulumi's. Raises
    `SlipwayError`; no host is asked yet."""
    store = common.store_address(common.bucket_name(project, region, place_project, stack, app))
    wanted = f"{_labelled(place_project, stack, app)} AND status=(PROVISIONING STAGING RUNNING)"
    found = account.ask("compute", "instances", "list", f"--filter={wanted}")
    live = [one for one in found if _role(one) in ROLES and _zone(one).rpartition("-")[0] == region]
    live.sort(key=lambda one: (_role(one) != "web", datetime.fromisoformat(one["creationTimestamp"]), one["name"]))
    facts = {"app": app, "stack": stack, "store": store}
    return store, tuple(_host(one, facts) for one in live)


def balancer(project: str, region: str, place_project: str, stack: str, app: str) -> str | None:
    """The address of the stack's load balancer; None where there is none. Raises `SlipwayError`."""
    found = account.ask("compute", "addresses", "list", "--global", f"--filter={_labelled(place_project, stack, app)}")
    return str(found[0]["address"]) if found else None


class Tunnel(Connection):
    """The way to one instance. Its host keys and this login's user are asked for when it opens."""

    let_in = "OS Login lets in who has roles/compute.osAdminLogin, and roles/iam.serviceAccountUser on the server's account"
    sudo = "OS Login makes root whoever has roles/compute.osAdminLogin; give it to this login"

    def __init__(self, name: str, zone: str, address: str) -> None:
        proxy = account.command("compute", "start-iap-tunnel", name, str(_PORT), "--listen-on-stdin", f"--zone={zone}")
        super().__init__(Login(name, address, _PORT, None, None, None, (), False, "/dev/null", f"{name}'s guest attributes", proxy))
        self._name, self._zone = name, zone
        self._boots = _BOOTS.format(name=name, zone=zone)

    def _attempt(self) -> subprocess.Popen[bytes]:
        if not self.login.host_keys:
            user, key = account.os_login()
            self.login = replace(self.login, user=user, key=key, host_keys=self._host_keys())
        return super()._attempt()

    def _host_keys(self) -> tuple[str, ...]:
        """Keys as the server itself told Google when it booted, by a way that is nobody else's."""
        asked = ("compute", "instances", "get-guest-attributes", self._name, "--query-path=hostkeys/", f"--zone={self._zone}")
        try:
            found = account.ask(*asked)
        except SlipwayError as error:
            if "Guest Attribute" not in str(error):
                raise
            found = []
        told = [(str(one["key"]), str(one["value"]).split()) for one in found]
        lines = tuple(f"{self.login.address} {kind} {words[0]}" for kind, words in told if kind in _KINDS and words)
        if not lines:
            raise Lost(f"{self.login}: wanted its host keys in its guest attributes, found none (yet); {self._boots}")
        return lines

    def failed(self, said: str) -> SlipwayError:
        if refusal := re.search(r"Error while connecting \[(.+)\]", said):
            found = f"{self.login}: wanted its port {_PORT} by Identity-Aware Proxy, found {refusal[1]}"
            if re.match(r"4033|Handshake status 40", refusal[1]):
                return SlipwayError(f"{found}; iap.tunnelInstances.accessViaIAP is in roles/iap.tunnelResourceAccessor; {account.RIGHTS}")
            return Lost(f"{found}; {self._boots}; its firewall has to let 35.235.240.0/20 in")
        return account.translated(said, "gcloud compute start-iap-tunnel") if "ERROR: (gcloud" in said else super().failed(said)


def _host(instance: Mapping[str, Any], facts: Mapping[str, Any]) -> SshTransport:
    """`facts`: what all of the stack have in common."""
    name, zone = str(instance["name"]), _zone(instance)
    card = instance["networkInterfaces"][0]
    address = str(next((one["natIP"] for one in card.get("accessConfigs", []) if one.get("natIP")), card.get("networkIP", name)))
    acts_as = instance.get("serviceAccounts", [])
    host = names.full(acts_as[0]["email"], name) if acts_as else name
    return SshTransport({**facts, "host": host, "role": _role(instance)}, Tunnel(name, zone, address))


def _labelled(*stack: str) -> str:
    """A filter for what is that stack's, as `of_stack` takes it."""
    return " AND ".join(f'labels.{key}="{value}"' for key, value in common.of_stack(*stack).items())


def _role(instance: Mapping[str, Any]) -> str:
    return str(instance.get("labels", {}).get(common.label_key(ROLE), ""))


def _zone(instance: Mapping[str, Any]) -> str:
    """Such as `europe-west1-b`, the last part of an address."""
    return str(instance["zone"]).rpartition("/")[2]
