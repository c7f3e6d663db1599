"""Settings that don't go together: one line each that says what to set. And labels and names as Google takes them."""

import re
from pathlib import Path
from typing import Any

import cases
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import SlipwayError, UsageError
from components.gcp import common
from components.gcp.blocks.host_role import rights
from components.gcp.stack.options import Options, problems
from components.settings import parse, target_options

_SMALL = Path(__file__).parent / "stacks/small.yaml"
_OWN = "slipway:gcp-vm"
_FLEET = {f"{_OWN}.instances": {"max": 2}}
_MANAGED = {"slipway:database": {"engine": "postgres", "placement": "managed"}}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({f"{_OWN}.project": "Shop"}, f"{_OWN}.project: wanted the id of a project, such as shop-123456, found 'Shop'"),
        ({f"{_OWN}.region": "Belgium"}, f"{_OWN}.region: wanted the name of a region, such as europe-west1, found 'Belgium'"),
        ({f"{_OWN}.region": "europe-west1-b"}, f"{_OWN}.region: wanted the name of a region, such as europe-west1, found 'europe-west1-b'"),
        ({f"{_OWN}.tags": {"project": "x"}}, f"{_OWN}.tags.project: wanted a label of small letters, digits, - and _, at most 63"),
        ({f"{_OWN}.tags": {"goog-x": "x"}}, f"{_OWN}.tags.goog-x: wanted a label"),
        ({f"{_OWN}.tags": {"team": "Web"}}, f"{_OWN}.tags.team: wanted a label's value of small letters, digits, - and _, at most 63"),
        ({f"{_OWN}.image": "debian-9"}, f"{_OWN}.image: wanted debian-13, ubuntu-24.04, or an image's path such as projects/shop-123456/"),
        ({f"{_OWN}.instanceType": "t4g.small"}, f"{_OWN}.instanceType: wanted a machine type, such as e2-small, found 't4g.small'"),
        ({f"{_OWN}.disk": 8}, f"{_OWN}.disk: wanted a whole number from 10 to 16384 (GB), found 8"),
        ({f"{_OWN}.network": {"vpc": "a/b"}}, f"{_OWN}.network.vpc: wanted a VPC network's name, or path projects/…/global/networks/…"),
        ({f"{_OWN}.network": {"vpc": "main"}}, f"{_OWN}.network.subnet: wanted the subnet of main, found none; set it"),
        (
            {f"{_OWN}.network": {"subnet": "web"}},
            f"{_OWN}.network.subnet: wanted none without {_OWN}.network.vpc, found 'web'; set vpc too",
        ),
        (
            {f"{_OWN}.network": {"vpc": "main", "subnet": "web", "nat": True}},
            f"{_OWN}.network.nat: wanted false with {_OWN}.network.vpc, whose routes are yours, found true; leave vpc out, or nat",
        ),
        (
            {f"{_OWN}.network": {"zones": ["europe-west2-a"]}},
            f"{_OWN}.network.zones[0]: wanted up to three zones of europe-west1, each once, found 'europe-west2-a'; mend that",
        ),
        (
            {f"{_OWN}.network": {"zones": ["europe-west1-b", "europe-west1-b"]}},
            f"{_OWN}.network.zones[1]: wanted up to three zones of europe-west1, each once, found 'europe-west1-b'; mend that",
        ),
        (
            {f"{_OWN}.network": {"zones": [f"europe-west1-{one}" for one in "abcd"]}},
            f"{_OWN}.network.zones[3]: wanted up to three zones of europe-west1, each once, found 'europe-west1-d'; mend that",
        ),
        (
            {"slipway:domain": "www.example.com", **_FLEET},
            f"{_OWN}.zone: wanted the zone in Cloud DNS of slipway:domain, as the load balancer's certificate is proven by records in it",
        ),
        (
            {"slipway:domain": "www.example.com", f"{_OWN}.zone": "example.org"},
            f"{_OWN}.zone: wanted the zone that slipway:domain (www.example.com) is in, found 'example.org'",
        ),
        ({f"{_OWN}.zone": "example.com"}, "slipway:domain: wanted a name in the zone example.com (slipway:gcp-vm.zone), found none"),
        (
            {**_MANAGED, f"{_OWN}.image": "ubuntu-24.04"},
            f"{_OWN}.image: wanted debian-13 with a managed PostgreSQL, which is 17, as pg_dump of ubuntu-24.04 reads no newer than 16",
        ),
        (
            {f"{_OWN}.logs": True, f"{_OWN}.image": "ubuntu-24.04"},
            f"{_OWN}.image: wanted debian-13 with {_OWN}.logs, as Google puts its agent on no Ubuntu, found 'ubuntu-24.04'; change it, or "
            "leave logs out",
        ),
        ({f"{_OWN}.logs": 30}, f"{_OWN}.logs: wanted true or false, found 30"),
        ({**_MANAGED, f"{_OWN}.database": {"instanceClass": "db-n1"}}, f"{_OWN}.database.instanceClass: wanted a tier of Cloud SQL"),
        (
            {f"{_OWN}.database": {"standby": True}},
            f"{_OWN}.database.standby: wanted slipway:database.placement: managed with it, found another one; leave it out",
        ),
        (
            {f"{_OWN}.dataDisk": 20, "slipway:database": {"engine": "postgres", "placement": "own-host"}},
            f"{_OWN}.dataDisk: wanted one server, with slipway:database.placement: same-host, found 'own-host'; leave it out",
        ),
    ],
)  # fmt: skip
def test_a_line_says_what_to_set(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(SlipwayError) as told:
        cases.read(_SMALL).with_(changes).record()
    head, *lines = str(told.value).split("\n")
    assert head == "Pulumi.dev.yaml: 1 setting is wrong"
    assert [one.strip().startswith(line) for one in lines] == [True], lines


def test_a_fleet_has_a_certificate_of_googles() -> None:
    own = {"project": "shop-123456", "region": "europe-west1", "zone": "example.com", "instances": {"max": 2}}
    tls = {"slipway:tls": {"certificate": "site.pem"}, "slipway:secretTls": {"key": "KEY"}, "slipway:domain": "www.example.com"}
    given = {"slipway:app": {"name": "shop"}, "slipway:target": "gcp-vm", "slipway:database": {"engine": "none"}, _OWN: own, **tls}
    with pytest.raises(SlipwayError) as told:
        target_options(parse(given, ["slipway:secretTls"], "dev"), Options, "gcp-vm", problems)
    wanted = "slipway:tls.certificate: wanted none behind a load balancer (instances.max over 1), which takes one of Google's own: "
    assert f"{wanted}{_OWN}.zone; leave it out" in str(told.value)


class Zone:
    def __init__(self, name: str, domain: str, visibility: str) -> None:
        self.name, self.dns_name, self.visibility = name, domain, visibility


def test_the_zone_of_a_domain_is_found_among_those_of_the_project() -> None:
    every = [Zone("inner", "example.com.", "private"), Zone("other", "example.org.", "public"), Zone("site", "example.com.", "public")]
    assert common.zone_name("slipway:x.zone", "example.com", "shop-1", every) == "site"
    with pytest.raises(UsageError) as told:
        common.zone_name("slipway:x.zone", "example.com", "shop-1", every[:2])
    wanted = "slipway:x.zone: wanted a domain that has a public zone in Cloud DNS of shop-1, found none for example.com; "
    assert str(told.value) == f"{wanted}make that zone, or leave it out"


@given(st.text(max_size=90), st.text(max_size=90))
def test_labels_are_as_google_takes_them_and_tell_texts_apart(one: str, other: str) -> None:
    made = common.label(one)
    assert re.fullmatch(r"[a-z0-9_-]{0,63}", made)
    assert (common.label(other) == made) == (one == other)
    assert common.label(made) == made


def test_what_needs_no_cleaning_stays() -> None:
    assert [common.label(one) for one in ("shop", "dev", "4711", "")] == ["shop", "dev", "4711", ""]
    assert common.label_key("slipway:role") == "slipway-role"
    assert common.label("Shop").startswith("shop-")


@pytest.mark.parametrize("app", ["google", "my-g00gle-app", "googgle", "goog-shop"])
def test_no_bucket_has_googles_name(app: str) -> None:
    named = common.bucket_name("shop-123456", "europe-west1", "p", "dev", app)
    assert not re.search("g[o0]+g[l1]e", named)
    assert not named.startswith("goog")
    assert re.fullmatch(r"[a-z][a-z0-9-]{1,61}[a-z0-9]", named)
    assert named != common.bucket_name("shop-123457", "europe-west1", "p", "dev", app)


@pytest.mark.parametrize("name", ["shop-web-ubuntu-24.04-arm64", "a" * 80, "Shop--x-"])
def test_names_are_as_google_takes_them(name: str) -> None:
    assert re.fullmatch(r"[a-z]([a-z0-9-]{0,53}[a-z0-9])?", common.resource_name(name))


def test_rights() -> None:
    """Nothing beside the store; of it what a role needs, in no other role's folders."""
    web, database, single = rights("me", "web"), rights("me", "database", True), rights("me", "web", True)
    assert (set(web), set(database)) == ({"objectViewer", "objectUser"}, {"objectViewer", "objectUser"})
    assert (web["objectUser"], database["objectUser"]) == (["outcomes/me:"], ["outcomes/me:", "backups/me/"])
    assert single["objectUser"] == database["objectUser"]
    assert web["objectViewer"] == ["releases/", "desired.json", "tool.json", "secrets/web/"]
