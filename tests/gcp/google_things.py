"""What Google adds to things that are made, when it refuses to remove them, and what they leave."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Body = dict[str, Any]
LINKS = "https://www.googleapis.com"
"""What links begin with, a path after that."""
REGION = "europe-west1"
ZONES = tuple(f"{REGION}-{one}" for one in "bcd")
PROJECT = "shop-123456"
_NETWORKS = "projects/nets-123456"
GIVEN = {
    f"/dns/v1/projects/{PROJECT}/managedZones/example-com": {"name": "example-com", "dnsName": "example.com.", "visibility": "public"},
    f"/compute/v1/{_NETWORKS}/global/networks/main": {},
    f"/compute/v1/{_NETWORKS}/regions/{REGION}/subnetworks/web": {
        "network": f"{LINKS}/compute/v1/{_NETWORKS}/global/networks/main",
        "ipCidrRange": "10.1.0.0/20",
    },
}
"""What stacks find there: by path what was asked for."""
AUTHORITY = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
_COMPUTE = (
    "addresses autoscalers backendServices disks firewalls forwardingRules healthChecks instanceGroupManagers instances instanceTemplates"
)
_COMPUTE += " networks routers sslPolicies subnetworks targetHttpProxies targetHttpsProxies urlMaps snapshots vmExtensionPolicies rollouts"
_OTHER = "alertPolicies anywhereCaches b certificateMapEntries certificateMaps certificates databases dnsAuthorizations managedZones"
_OTHER += " notificationChannels o serviceAccounts uptimeCheckConfigs users"
COLLECTIONS = frozenset(f"{_COMPUTE} {_OTHER}".split())
_COUNTED = ("compute", "certificatemanager", "monitoring")
"""Services that remove nothing that something else names."""


class Refused(Exception):
    """What a request is answered that isn't carried out."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self._why = status, why

    def told(self) -> Body:
        """An error as all services say it."""
        reason = {404: "notFound", 409: "alreadyExists"}.get(self.status, "resourceInUseByAnotherResource")
        return {"error": {"code": self.status, "message": self._why, "errors": [{"reason": reason, "message": self._why}]}}


def linked(path: str) -> Body:
    """A thing's own link."""
    return {"selfLink": LINKS + path}


def where(path: str) -> Body:
    """Region or zone of a thing of Compute Engine, as it says them."""
    found = re.match(r"/compute/v1/projects/[^/]+/(region|zone)s/[^/]+", path)
    return {found[1]: LINKS + found[0]} if found else {}


def complete(there: Mapping[str, Body], path: str, body: Body, number: int) -> None:
    """`body` gets what Google adds; `there` other things that come with it."""
    service, kind = path.split("/")[1], path.split("/")[-2]
    _refuse_letters(service, path, body)
    if service in ("monitoring", "certificatemanager"):
        body["name"] = path.split("/", 3)[3]
    if service == "compute":
        body.setdefault("fingerprint", "A")
        body |= {
            "id": str(number),
            "name": path.rpartition("/")[2],
            "creationTimestamp": "2026-01-01T00:00:00Z",
            **linked(path),
            **where(path),
        }
    if add := _ADDED.get(f"{service} {kind}"):
        add(there, path, body, number)


def _refuse_letters(service: str, path: str, body: Body) -> None:
    """Raises `Refused` for a name or a label that Google doesn't take."""
    name = path.rpartition("/")[2]
    if service in ("compute", "certificatemanager") and not re.fullmatch("[a-z]([-a-z0-9]{0,61}[a-z0-9])?", name):
        raise Refused(400, f"{path}: {name} is no name")
    own = {} if service == "monitoring" else body.get("labels")
    for labels in (own, body.get("userLabels"), body.get("settings", {}).get("userLabels"), body.get("properties", {}).get("labels")):
        for key, value in (labels or {}).items():
            if not (re.fullmatch("[a-z][a-z0-9_-]{0,62}", key) and re.fullmatch("[a-z0-9_-]{0,63}", value)):
                raise Refused(400, f"{path}: {key}: {value} is no label")


def _address(there: Any, path: str, body: Body, number: int) -> None:
    inner = body.get("addressType") == "INTERNAL"
    body |= {"address": f"10.60.0.{number % 250}" if inner else f"203.0.113.{number % 250}", "status": "RESERVED"}
    body.setdefault("addressType", "EXTERNAL")
    body |= {"purpose": "GCE_ENDPOINT"} if inner else {"networkTier": "PREMIUM"} if "/regions/" in path else {}


def _network(there: Any, path: str, body: Body, number: int) -> None:
    body |= {"routingConfig": {"routingMode": "REGIONAL"}, "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL"}


def _subnetwork(there: Any, path: str, body: Body, number: int) -> None:
    body |= {"gatewayAddress": "10.60.0.1", "purpose": "PRIVATE", "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS"}
    body["stackType"] = body.get("stackType") or "IPV4_ONLY"


def _firewall(there: Any, path: str, body: Body, number: int) -> None:
    body.setdefault("direction", "INGRESS")
    body.setdefault("priority", 1000)
    body.setdefault("logConfig", {"enable": False})
    body.setdefault("disabled", False)


def _disk(there: Any, path: str, body: Body, number: int) -> None:
    body |= {"status": "READY", "sizeGb": str(body.get("sizeGb") or 10), "labelFingerprint": "A"}


def _forwarding_rule(there: Any, path: str, body: Body, number: int) -> None:
    body.setdefault("labelFingerprint", "A")
    if "serviceAttachments" in str(body.get("target")):
        if "loadBalancingScheme" in body:
            raise Refused(400, f"{path}: a rule to a service attachment has no scheme")
        body |= {"pscConnectionId": str(number), "pscConnectionStatus": "ACCEPTED"}
    for address in there.values():
        if str(address.get("selfLink", "")).endswith(str(body.get("IPAddress", "/"))):
            body["IPAddress"] = address["address"]


def _instance(there: Any, path: str, body: Body, number: int) -> None:
    zone, project = path.rpartition("/instances/")[0], path.split("/")[4]
    body |= {"status": "RUNNING", "cpuPlatform": "x", "labelFingerprint": "A"}
    for part in ("metadata", "tags"):
        body[part] = {**body.get(part, {}), "fingerprint": "A"}
    for index, disk in enumerate(body["disks"]):
        given, at = disk.pop("initializeParams", {}), f"{zone}/disks/{body['name']}"
        image = f"{LINKS}/compute/v1/projects/debian-cloud/global/images/debian-13-v20261110"
        size = {"sizeGb": str(given.get("diskSizeGb", "10")), "type": given.get("diskType"), "sourceImage": image}
        there[at] = {"name": body["name"], **linked(at), **where(at), **size, "labelFingerprint": "A", "hidden": True}
        disk |= {"source": LINKS + at, "index": index, "mode": "READ_WRITE", "type": "PERSISTENT", "boot": True}
    for index, one in enumerate(body["networkInterfaces"]):
        subnet = one.get("subnetwork", "").removeprefix(LINKS).removeprefix("/compute/v1/")
        network = there.get(f"/compute/v1/{subnet}", {}).get("network", f"{LINKS}/compute/v1/projects/{project}/global/networks/default")
        link = f"{LINKS}/compute/v1/{subnet}"
        one |= {"name": f"nic{index}", "networkIP": "10.60.0.2", "stackType": "IPV4_ONLY", "subnetwork": link, "network": network}
        for access in one.get("accessConfigs", []):
            access |= {"name": "external-nat", "networkTier": "PREMIUM", "natIP": access.get("natIP") or "203.0.113.9"}


def _group(there: Any, path: str, body: Body, number: int) -> None:
    if not any(body.get("resourcePolicies", {}).values()):
        body.pop("resourcePolicies", None)
    for version in body["versions"]:
        version.setdefault("name", "")
    body |= {
        "instanceGroup": LINKS + path.replace("instanceGroupManagers", "instanceGroups"),
        "instanceLifecyclePolicy": {"forceUpdateOnRepair": "NO", "defaultActionOnFailure": "REPAIR"},
        "listManagedInstancesResults": "PAGELESS",
        "standbyPolicy": {"mode": "MANUAL", "initialDelaySec": 0},
        "status": {"isStable": True, "versionTarget": {"isReached": True}, "stateful": {"hasStatefulConfig": False}},
        "targetSize": body.get("targetSize", 2),
        "currentActions": {},
    }


def _template(there: Any, path: str, body: Body, number: int) -> None:
    properties = body["properties"]
    properties.setdefault("metadata", {})["fingerprint"] = "A"
    for index, one in enumerate(properties["networkInterfaces"]):
        one |= {"name": f"nic{index}"}
        for access in one.get("accessConfigs", []):
            access |= {"name": "external-nat", "type": "ONE_TO_ONE_NAT", "networkTier": "PREMIUM"}


def _snapshot(there: Any, path: str, body: Body, number: int) -> None:
    body |= {"copy": "snapshot", "of": f"/compute/v1/projects/{body['sourceDisk'].partition('projects/')[2]}", "status": "READY"}


def _policy(there: Any, path: str, body: Body, number: int) -> None:
    """A rollout of extensions: with what was asked it says how far that has come."""
    body.setdefault("priority", 1000)
    rollout = f"projects/{path.split('/')[4]}/global/rollouts/{body['name']}-{number}"
    body["rolloutOperation"]["rolloutStatus"] = {"currentRollouts": [{"rollout": rollout, "state": "COMPLETED"}]}


def _object(there: Any, path: str, body: Body, number: int) -> None:
    body |= {"name": path.rpartition("/")[2], "bucket": path.split("/")[4], "generation": str(number)}


def _server(there: Any, path: str, body: Body, number: int) -> None:
    """Of a database; one for MySQL has a root whom everybody may be."""
    project, name = path.split("/")[4], path.rpartition("/")[2]
    body |= {
        **linked(path),
        "state": "RUNNABLE",
        "connectionName": f"{project}:{body['region']}:{name}",
        "instanceType": "CLOUD_SQL_INSTANCE",
        "backendType": "SECOND_GEN",
        "serviceAccountEmailAddress": "p1-x@gcp-sa-cloud-sql.iam.gserviceaccount.com",
        "serverCaCert": {"cert": AUTHORITY, "commonName": "x"},
        "dnsName": f"{number:x}.1a2b3c.{body['region']}.sql.goog.",
        "pscServiceAttachmentLink": f"projects/t1-tp/regions/{body['region']}/serviceAttachments/a-{number:x}-psc",
        "gceZone": f"{body['region']}-b",
    }
    body["settings"] |= {"kind": "sql#settings", "settingsVersion": "1"}
    if str(body.get("databaseVersion")).startswith("MYSQL"):
        there[f"{path}/users/root"] = {"name": "root", "host": "%"}


def _bucket(there: Any, path: str, body: Body, number: int) -> None:
    body |= {**linked(path), "id": body["name"], "projectNumber": "123456789", "metageneration": "1"}
    body |= {"timeCreated": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z"}
    body["storageClass"], body["location"] = body.get("storageClass") or "STANDARD", str(body["location"]).upper()


def _authorization(there: Any, path: str, body: Body, number: int) -> None:
    record = {"name": f"_acme-challenge.{body['domain']}.", "type": "CNAME", "data": f"{number:x}.authorize.certificatemanager.goog."}
    body |= {"dnsResourceRecord": record, "type": body.get("type") or "FIXED_RECORD"}


def _zone(there: Any, path: str, body: Body, number: int) -> None:
    body |= {"id": str(number), "nameServers": ["ns-1.example."], "creationTime": "2026-01-01T00:00:00Z"}


_ADDED: Mapping[str, Callable[[Any, str, Body, int], None]] = {
    "certificatemanager dnsAuthorizations": _authorization,
    "compute addresses": _address,
    "compute disks": _disk,
    "compute firewalls": _firewall,
    "compute forwardingRules": _forwarding_rule,
    "compute instanceGroupManagers": _group,
    "compute instances": _instance,
    "compute instanceTemplates": _template,
    "compute networks": _network,
    "compute subnetworks": _subnetwork,
    "compute snapshots": _snapshot,
    "compute vmExtensionPolicies": _policy,
    "dns managedZones": _zone,
    "sql instances": _server,
    "storage b": _bucket,
    "storage o": _object,
}
"""By service and collection."""


def refuse_removal(there: Mapping[str, Body], path: str, body: Body) -> None:
    """Raises `Refused` for what is locked, holds something or is named by something else."""
    service, kind = path.split("/")[1], path.split("/")[-2]
    if body.get("deletionProtection") or body.get("settings", {}).get("deletionProtectionEnabled"):
        raise Refused(400, f"{path} is protected against deletion")
    held = [at for at in there if at.startswith(f"{path}/") and kind in ("b", "managedZones", "certificateMaps")]
    if held:
        raise Refused(409, f"{path} isn't empty: {', '.join(sorted(held)[:3])}")
    names = [path, path.replace("instanceGroupManagers", "instanceGroups")] if service in _COUNTED else []
    users = [at for at, one in there.items() if at != path and "/operations/" not in at and "copy" not in one and _names(one, names)]
    if users:
        raise Refused(400, f"{path} is already being used by {', '.join(sorted(users)[:3])}")


def _names(body: Body, paths: Iterable[str]) -> bool:
    text = json.dumps(body)
    return any(f'{path.split("/", 3)[3]}"' in text for path in paths)


def goes_with(path: str, body: Body) -> list[str]:
    """Other things that go with it: disks of an instance that it came with."""
    return [str(one["source"]).removeprefix(LINKS) for one in body.get("disks", []) if one.get("autoDelete")]


def left_by(path: str, body: Body) -> dict[str, Body]:
    """The last copy of a database's server."""
    if body.get("settings", {}).get("finalBackupConfig", {}).get("enabled"):
        return {f"{path}-last": {"copy": "backup", "of": path}}
    return {}


def read_only(path: str) -> Body:
    """What is there anyway: zones, types of machines, images."""
    name = path.rpartition("/")[2]
    if name == "zones":
        return {
            "items": [
                {"name": one, "status": "UP", "region": f"{path.removesuffix('zones')}regions/{REGION}", **linked(f"{path}/{one}")}
                for one in ZONES
            ]
        }
    if "/images/" in path:
        at = "/compute/v1/projects/debian-cloud/global/images/debian-13-v20261110"
        return {
            "name": at.rpartition("/")[2],
            "family": name,
            **linked(at),
            "diskSizeGb": "10",
            "status": "READY",
            "architecture": "X86_64",
        }
    return {"name": name, "guestCpus": 2, "status": "UP", **linked(path)}
