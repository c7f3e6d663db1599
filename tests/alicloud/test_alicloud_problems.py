"""Settings that don't go together: one line each that says what to set. And what a server's role may do."""

from pathlib import Path
from typing import Any

import cases
import pytest

from components.alicloud.blocks.host_role import policy
from components.errors import SlipwayError

_SMALL = Path(__file__).parent / "stacks/small.yaml"
_OWN = "slipway:alicloud-ecs"
_VPC, _VSWITCH = "vpc-0xi0123456789abcdefgh", "vsw-0xi0123456789abcdefga"
_FLEET = {f"{_OWN}.instances": {"max": 2}}
_MANAGED = {"slipway:database": {"engine": "mysql", "placement": "managed"}}
_FILE = "tests/alicloud/stacks/authority.pem"
_CERTIFICATE = "12345678-cn-hangzhou"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({f"{_OWN}.region": "Singapore"}, f"{_OWN}.region: wanted the name of a region, such as ap-southeast-1, found 'Singapore'"),
        ({f"{_OWN}.account": 12345}, f"{_OWN}.account: wanted the number of an account, 16 digits in quotes, found 12345"),
        ({f"{_OWN}.tags": {"project": "x"}}, f"{_OWN}.tags.project: wanted a tag of at most 128 letters that neither Alibaba Cloud nor"),
        ({f"{_OWN}.tags": {"ACS:x": "x"}}, f"{_OWN}.tags.ACS:x: wanted a tag"),
        ({f"{_OWN}.image": "debian-9"}, f"{_OWN}.image: wanted debian-13, ubuntu-24.04, or an image's id"),
        (
            {f"{_OWN}.instanceType": "t4g.small"},
            f"{_OWN}.instanceType: wanted an instance type, such as ecs.u1-c1m2.large, found 't4g.small'",
        ),
        ({f"{_OWN}.disk": 8}, f"{_OWN}.disk: wanted a whole number from 20 to 16384 (GB), found 8"),
        ({f"{_OWN}.network": {"vpc": "default"}}, f"{_OWN}.network.vpc: wanted the id of a VPC, such as vpc-0xi0123456789abcdefgh, found"),
        (
            {f"{_OWN}.network": {"vpc": _VPC}},
            f"{_OWN}.network.subnets: wanted vswitches of {_VPC}, found none; set them",
        ),
        (
            {f"{_OWN}.network": {"subnets": [_VSWITCH]}},
            f"{_OWN}.network.subnets: wanted none without {_OWN}.network.vpc, found 1; set vpc too",
        ),
        (
            {f"{_OWN}.network": {"vpc": _VPC, "subnets": [_VSWITCH]}, **_FLEET},
            f"{_OWN}.network.subnets: wanted subnets of two zones at least, found one",
        ),
        (
            {f"{_OWN}.instances": {"max": 2, "requests": 50}},
            f"{_OWN}.instances.requests: wanted none, as this target adds servers by their processors alone, found 50; leave it out",
        ),
        (
            {"slipway:domain": "www.example.com", **_FLEET},
            f"{_OWN}.certificate: wanted the load balancer's certificate, as slipway:domain is set, found none; set its id, or leave",
        ),
        (
            {
                **{"slipway:domain": "example.com", f"{_OWN}.zone": "example.com", f"{_OWN}.instances": {"max": 2}},
                f"{_OWN}.certificate": _CERTIFICATE,
            },
            "slipway:domain: wanted a name below the zone, as a load balancer's is an alias, which the zone itself can't be, found",
        ),
        (
            {f"{_OWN}.certificate": _CERTIFICATE},
            f"{_OWN}.certificate: wanted a load balancer with it (instances.max over 1), found one server; leave it out",
        ),
        (
            {"slipway:server": {"timeout": 591}, **_FLEET},
            "slipway:server.timeout: wanted at most 590 seconds behind a load balancer, which waits no longer, found 591; make it shorter",
        ),
        (
            {f"{_OWN}.region": "cn-hangzhou"},
            f"{_OWN}.storeEndpoint: wanted a domain of the bucket's own, as OSS refuses its common address in cn-hangzhou, found none;",
        ),
        ({f"{_OWN}.storeEndpoint": "files.example.com"}, f"{_OWN}.storeEndpoint: wanted an address such as https://files.example.com"),
        (
            {**_MANAGED, f"{_OWN}.database": {"authority": _FILE}},
            f"{_OWN}.database.instanceClass: wanted it with slipway:database.placement: managed, found none; set it",
        ),
        (
            {**_MANAGED, f"{_OWN}.database": {"instanceClass": "mysql.n2.medium.1"}},
            f"{_OWN}.database.authority: wanted it with slipway:database.placement: managed, found none; set it",
        ),
        (
            {f"{_OWN}.database": {"standby": True}},
            f"{_OWN}.database.standby: wanted slipway:database.placement: managed with it, found another one; leave it out",
        ),
        (
            {f"{_OWN}.dataDisk": 20, "slipway:database": {"engine": "postgres", "placement": "own-host"}},
            f"{_OWN}.dataDisk: wanted one server, with slipway:database.placement: same-host, found 'own-host'; leave it out",
        ),
    ],
)
def test_a_line_says_what_to_set(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(SlipwayError) as told:
        cases.read(_SMALL).with_(changes).record()
    head, *lines = str(told.value).split("\n")
    assert head == "Pulumi.dev.yaml: 1 setting is wrong"
    assert [one.strip().startswith(line) for one in lines] == [True], lines


@pytest.mark.parametrize(("file", "why"), [("none.pem", "No such file or directory; mend that"), ("README.md", "; mend that")])
def test_an_authority_that_is_none_is_told(file: str, why: str) -> None:
    changes = {**_MANAGED, f"{_OWN}.database": {"instanceClass": "mysql.n2.medium.1", "authority": file}}
    with pytest.raises(SlipwayError) as told:
        cases.read(_SMALL).with_(changes).record()
    line = f"{_OWN}.database.authority: wanted a file with certificates (PEM), found '{file}': "
    assert line in str(told.value)
    assert why in str(told.value)


def granted(role: str, backups: bool = False) -> dict[str, set[str]]:
    """Resources by action."""
    found: dict[str, set[str]] = {}
    for statement in policy("b", "3001", role, backups)["Statement"]:
        for action in statement["Action"]:
            assert statement["Effect"] == "Allow"
            found.setdefault(action, set()).update(one.removeprefix("acs:oss:*:*:b") for one in statement["Resource"])
    return found


def test_role_policies() -> None:
    """Nothing beside the store; of it what a role needs, in no other role's folders; and a database's alone may remove, its backups."""
    web, database, single = granted("web"), granted("database", True), granted("web", True)
    own = "/outcomes/3001:*"
    assert set(web) == {"oss:GetObject", "oss:PutObject", "oss:ListObjects"}
    assert set(database) == set(single) == {*web, "oss:DeleteObject", "oss:AbortMultipartUpload"}
    assert web["oss:PutObject"] == {own}
    assert database["oss:PutObject"] == {own, "/backups/3001/*"}
    assert database["oss:DeleteObject"] == single["oss:DeleteObject"] == {"/backups/3001/*"}
    for found, other in ((web, "database"), (database, "web")):
        assert not [one for every in found.values() for one in every if f"secrets/{other}" in one or one == "/*"]
        assert {"/releases/*", "/desired.json*", "/tool.json*", own} <= found["oss:GetObject"]
        assert found["oss:ListObjects"] == {""}
    (listing,) = (one for one in policy("b", "3001", "web")["Statement"] if one["Action"] == ["oss:ListObjects"])
    assert "secrets/web/*" in listing["Condition"]["StringLike"]["oss:Prefix"]
    assert "*" not in listing["Condition"]["StringLike"]["oss:Prefix"]
