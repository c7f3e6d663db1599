"""What stands between pulumi-gcp 10 and Terraform's provider 8.0, and what there is in an emulated account.

The provider's program is made of its public source. Of `google/provider/provider_register_services.go` the services certificatemanager,
cloudbilling, compute, dns, iambeta, iamcredentials, logging, monitoring, resourcemanager, serviceusage, sql, storage and tags do: then
`go build` takes three minutes of processor time.
"""

import json
import re
import urllib.request
from collections.abc import Mapping
from typing import Any

from clouds.provider import Emulator, Provider, Things
from google_rest import ALL
from google_things import PROJECT

_ENDPOINTS = {
    "certificate_manager": "certificatemanager/v1",
    "compute": "compute/v1",
    "dns": "dns/v1",
    "iam": "iam/v1",
    "iam_beta": "iam/v1",
    "monitoring": "monitoring",
    "resource_manager": "resourcemanager/v1",
    "service_usage": "serviceusage/v1",
    "sql": "sql/v1beta4",
    "storage": "storage/v1",
}
_PATHS = {
    "google_dns_managed_zone": "/dns/v1/{id}",
    "google_dns_record_set": "/dns/v1/projects/{project}/managedZones/{managed_zone}/rrsets/{name}:{type}",
    "google_monitoring": "/monitoring/v3/{id}",
    "google_certificate_manager": "/certificatemanager/v1/{id}",
    "google_service_account": "/iam/v1/{id}",
    "google_sql_database_instance": "/sql/v1beta4/projects/{project}/instances/{name}",
    "google_sql_database": "/sql/v1beta4/{id}",
    "google_sql_user": "/sql/v1beta4/projects/{project}/instances/{instance}/users/{name}",
    "google_storage_bucket": "/storage/v1/b/{name}",
    "google_compute": "/compute/v1/{id}",
}
"""Places of things, by how its type begins; the first that fits."""
_PARTS = re.compile(r"google_(project_service|project_iam_member|storage_bucket_iam_member|compute_attached_disk|compute_router_nat)$")
"""Types that are no thing of their own."""


def _block(endpoint: str, region: str) -> dict[str, Any]:
    """The provider's block: everything it asks it asks there."""
    places = {f"{name}_custom_endpoint": f"{endpoint}/{path}/" for name, path in _ENDPOINTS.items()}
    quick = {"poll_interval": "100ms", "batching": [{"send_after": "10ms", "enable_batching": True}]}
    return {"project": PROJECT, "region": region, "access_token": "test", "add_terraform_attribution_label": False, **places, **quick}


def _there(endpoint: str, region: str) -> Things:
    with urllib.request.urlopen(f"{endpoint}{ALL}") as answer:
        return {(service, path) for service, path in json.load(answer)}


def _known(state: Mapping[str, Any]) -> Things:
    """The same of a state of Terraform's."""
    made = [one for one in state["resources"] if one["mode"] == "managed" and not _PARTS.match(one["type"])]
    return {_place(one["type"], instance["attributes"]) for one in made for instance in one["instances"]}


def _place(type: str, said: Mapping[str, Any]) -> tuple[str, str]:
    path = next(path for start, path in _PATHS.items() if type.startswith(start)).format(**said)
    return path.split("/")[1], path


def _fill(endpoint: str, region: str, things: Things) -> Things:
    """An object in each bucket."""
    filled = {f"{path}/o/desired.json" for service, path in things if re.fullmatch("/storage/v1/b/[^/]+", path)}
    for path in filled:
        at, _, name = path.rpartition("/")
        urllib.request.urlopen(f"{endpoint}{at}?name={name}", data=b"{}").close()
    return {("storage", path) for path in filled}


def _last(type: str, said: Mapping[str, Any]) -> Things:
    """The copy that it leaves."""
    if type == "google_sql_database_instance" and said["settings"][0]["final_backup_config"][0]["enabled"]:
        return {("backup", _place(type, said)[1])}
    return {("snapshot", _place(type, said)[1])} if type == "google_compute_disk" and said["create_snapshot_before_destroy"] else set()


GOOGLE = Provider(
    package="gcp",
    prefix="google_",
    source="hashicorp/google",
    version="8.0",
    program="SLIPWAY_GOOGLE_PROVIDER",
    variables=("GOOGLE_", "CLOUDSDK_", "GCLOUD_"),
    emulator=Emulator(block=_block, there=_there, known=_known, fill=_fill, last=_last),
    types={
        "gcp:certificatemanager/certificate:Certificate": "google_certificate_manager_certificate",
        "gcp:certificatemanager/certificateMap:CertificateMap": "google_certificate_manager_certificate_map",
        "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": "google_certificate_manager_certificate_map_entry",
        "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": "google_certificate_manager_dns_authorization",
        "gcp:compute/sSLPolicy:SSLPolicy": "google_compute_ssl_policy",
        "gcp:compute/uRLMap:URLMap": "google_compute_url_map",
        "gcp:projects/iAMMember:IAMMember": "google_project_iam_member",
        "gcp:projects/service:Service": "google_project_service",
        "gcp:serviceaccount/account:Account": "google_service_account",
        "gcp:storage/bucketIAMMember:BucketIAMMember": "google_storage_bucket_iam_member",
    },
)
