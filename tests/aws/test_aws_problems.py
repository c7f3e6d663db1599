"""Settings that don't go together: one line each that says what to set."""

from pathlib import Path
from typing import Any

import cases
import pytest

from components.errors import SlipwayError

_SMALL = Path(__file__).parent / "stacks/small.yaml"
_OWN = "slipway:aws-ec2"
_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({f"{_OWN}.region": "eu-west-9"}, "slipway:aws-ec2.region: wanted a region of AWS, such as eu-west-1, found 'eu-west-9'"),
        ({f"{_OWN}.region": "Ireland"}, "slipway:aws-ec2.region: wanted the name of a region, such as eu-west-1, found 'Ireland'"),
        ({f"{_OWN}.instances": {"min": 3, "max": 2}}, "slipway:aws-ec2.instances: wanted a min that is at most max, found 3 and 2"),
        ({f"{_OWN}.account": 12345}, "slipway:aws-ec2.account: wanted the number of an account, 12 digits in quotes, found 12345"),
        ({f"{_OWN}.tags": {"project": "x"}}, "slipway:aws-ec2.tags.project: wanted a tag of at most 128 letters that neither AWS nor"),
        ({f"{_OWN}.tags": {"AWS:x": "x"}}, "slipway:aws-ec2.tags.AWS:x: wanted a tag"),
        ({f"{_OWN}.image": "debian-9"}, "slipway:aws-ec2.image: wanted debian-13, ubuntu-24.04, or an image's id"),
        ({f"{_OWN}.instanceType": "small"}, "slipway:aws-ec2.instanceType: wanted an instance type, such as t4g.small, found 'small'"),
        (
            {"slipway:database": {"engine": "sqlite"}, f"{_OWN}.instances": {"max": 2}},
            "slipway:database.placement: wanted own-host, managed or external (postgres or mysql), as servers behind a load balancer",
        ),
        (
            {"slipway:database": {"engine": "postgres"}, f"{_OWN}.network": {"nat": True}},
            "slipway:database.placement: wanted own-host, managed or external (postgres), as servers",
        ),
        (
            {"slipway:domain": "www.example.com", f"{_OWN}.instances": {"max": 2}},
            "slipway:aws-ec2.zone: wanted the Route 53 zone of slipway:domain",
        ),
        (
            {
                **{"slipway:domain": "www.example.com", f"{_OWN}.zone": "example.com", f"{_OWN}.instances": {"max": 2}},
                "slipway:http": {"redirectDomains": ["example.com", "badexample.com"]},
            },
            "slipway:http.redirectDomains[1]: wanted a name in slipway:aws-ec2.zone, which proves it, found 'badexample.com'",
        ),
        ({f"{_OWN}.zone": "example.com"}, "slipway:domain: wanted a name in the zone example.com (slipway:aws-ec2.zone), found none"),
        (
            {"slipway:domain": "www.example.org", f"{_OWN}.zone": "example.com"},
            "slipway:aws-ec2.zone: wanted the zone that slipway:domain (www.example.org) is in, found 'example.com'",
        ),
        (
            {f"{_OWN}.network": {"vpc": "default", "nat": True}},
            "slipway:aws-ec2.network.nat: wanted false with slipway:aws-ec2.network.vpc",
        ),
        ({f"{_OWN}.network": {"nat": "both"}}, "slipway:aws-ec2.network.nat: wanted true or false, found 'both'"),
        (
            {f"{_OWN}.network": {"vpc": "default", "serverSubnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}},
            "slipway:aws-ec2.network.subnets: wanted the load balancer's public subnets beside serverSubnets, found none; set them",
        ),
        (
            {f"{_OWN}.network": {"subnets": ["subnet-0123456789abcdef0"]}},
            "slipway:aws-ec2.network.subnets: wanted none without slipway:aws-ec2.network.vpc, found 1; set vpc too",
        ),
        (
            {f"{_OWN}.network": {"vpc": "default", "subnets": ["subnet-0123456789abcdef0"]}, f"{_OWN}.instances": {"max": 2}},
            "slipway:aws-ec2.network.subnets: wanted subnets of two zones at least, found one",
        ),
        (
            {f"{_OWN}.dataDisk": 20, f"{_OWN}.instances": {"max": 2}},
            "slipway:aws-ec2.dataDisk: wanted one server, with slipway:database.placement: same-host, found a fleet; leave it out",
        ),
        (
            {f"{_OWN}.dataDisk": 20, "slipway:database": {"engine": "postgres", "placement": "managed"}},
            "slipway:aws-ec2.dataDisk: wanted one server, with slipway:database.placement: same-host, found 'managed'; leave it out",
        ),
        ({f"{_OWN}.dataDisk": 4}, "slipway:aws-ec2.dataDisk: wanted a whole number from 8 to 16384 (GB), found 4"),
        (
            {"slipway:domain": "a.example.com", f"{_OWN}.instances": {"max": 2}, f"{_OWN}.certificate": f"{_CERTIFICATE}1"},
            f"slipway:aws-ec2.certificate: wanted one of eu-west-1 for slipway:domain, found '{_CERTIFICATE}1' for 'a.example.com'; mend",
        ),
        (
            {f"{_OWN}.database": {"multiAz": True}},
            "slipway:aws-ec2.database.multiAz: wanted slipway:database.placement: managed with it, found another one; leave it out",
        ),
        (
            {f"{_OWN}.database": {"version": 17}},
            'slipway:aws-ec2.database.version: wanted an engine\'s major version in quotes, such as "17"',
        ),
        (
            {
                "slipway:database": {"engine": "postgres", "placement": "managed"},
                f"{_OWN}.image": "ubuntu-24.04",
                f"{_OWN}.database": {"version": "17"},
            },
            "slipway:aws-ec2.database.version: wanted 16 or older, as pg_dump of ubuntu-24.04 reads no newer, found 17",
        ),
    ],
)
def test_a_line_says_what_to_set(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(SlipwayError) as told:
        cases.read(_SMALL).with_(changes).record()
    head, *lines = str(told.value).split("\n")
    assert head == "Pulumi.dev.yaml: 1 setting is wrong"
    assert [one.strip().startswith(line) for one in lines] == [True], lines
