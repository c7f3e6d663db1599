"""The building blocks of a fleet: exactly what a program that uses them asks for."""

import base64

import block_programs
import pytest
from block_programs import TAGS, agree, of, only, record

from cloud_init.render import idle_timeout
from policy import check, resource_types
from policy.plan import is_unknown

WHOLE = """
certificate = Certificate("shop-certificate", CertificateArgs(domain="www.example.com", zone="example.com", tags=tags))
database = ManagedDatabase("shop-database", ManagedDatabaseArgs(
    app="shop", engine="postgres", instance_class="db.t4g.small", storage=20, region="eu-west-1", vpc_id=network.vpc_id,
    subnets=network.database_subnets, client_group_id=web.group_id, tags=tags, keep=True))
fleet = WebFleet("shop-web", WebFleetArgs(**common, certificate_arn=certificate.arn, after=[certificate.arn]))
SiteName("shop-site", SiteNameArgs(
    domain="www.example.com", zone="example.com", dns_name=fleet.dns_name, zone_id=fleet.zone_id, has_ipv6=True))
"""
HOST_TAGS = {**TAGS, "Name": "shop-web", "slipway:role": "web"}
BALANCER_TAGS = {**TAGS, "Name": "shop-web-balancer"}


def fleet(**changes):
    """A program with a fleet alone."""
    return f"{block_programs.FLEET}\ncommon.update({changes!r})\nWebFleet('shop-web', WebFleetArgs(**common))\n"


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    """The whole program, in preview and with every output answered."""
    text = block_programs.FLEET + WHOLE
    return [record(tmp_path_factory.mktemp("program"), text, answered) for answered in (False, True)]


def test_a_certificate_of_several_names_is_proven_by_a_record_for_each(tmp_path):
    text = WHOLE.replace('zone="example.com", tags=tags', 'others=("example.com", "b.example.com"), zone="example.com", tags=tags')
    plan = record(tmp_path, block_programs.FLEET + text)
    asked = only(plan, "acm/certificate:Certificate").inputs
    assert (asked["domainName"], asked["subjectAlternativeNames"]) == ("www.example.com", ["example.com", "b.example.com"])
    proofs = [one.name for one in plan.resources if one.name.startswith("shop-certificate-proof")]
    assert proofs == ["shop-certificate-proof", "shop-certificate-proof-1", "shop-certificate-proof-2"]


def test_all_rules_are_kept_and_every_type_is_known(plans):
    for plan in plans:
        assert check.run(plan) == ()
        types = {one.type for one in plan.resources if one.kind == "resource" and one.type.startswith("aws:")}
        assert [one for one in types if not resource_types.find(one)] == []


def test_a_preview_shows_what_is_made(plans):
    preview, real = ({one.urn: one for one in plan.resources} for plan in plans)
    assert preview.keys() == real.keys()
    assert [urn for urn in preview if not agree(preview[urn].inputs, real[urn].inputs)] == []


def test_hosts_start_from_a_template_that_gives_nothing_away(plans):
    template = only(plans[1], "ec2/launchTemplate:LaunchTemplate")
    device = {"encrypted": "true", "volumeSize": 16, "volumeType": "gp3", "deleteOnTermination": "true"}
    group = "shop-web-id"
    inputs = dict(template.inputs)
    image = inputs.pop("imageId")
    assert image.startswith("lookup(aws:ec2/getAmi:getAmi#")
    assert inputs.pop("blockDeviceMappings") == [{"deviceName": _root_device(plans[1], image), "ebs": device}]
    assert inputs == {
        "instanceType": "t4g.small",
        "iamInstanceProfile": {"arn": "arn:aws:iam::1:instance-profile/web"},
        "userData": base64.b64encode(b"#cloud-config\n").decode(),
        "networkInterfaces": [
            {"deviceIndex": 0, "associatePublicIpAddress": "true", "deleteOnTermination": "true", "securityGroups": [group]}
        ],
        "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
        "privateDnsNameOptions": {"hostnameType": "resource-name"},
        "tagSpecifications": [{"resourceType": one, "tags": HOST_TAGS} for one in ("instance", "volume", "network-interface")],
        "tags": {**TAGS, "Name": "shop-web"},
    }
    assert (template.name, template.ignore_changes) == ("shop-web-debian-13-arm64", ())  # a newer image is that of new hosts


def _root_device(plan, image):
    """What the look-up of that very image says."""
    (asked,) = (one for one in plan.lookups if one.arguments.get("filters") == [{"name": "image-id", "values": [image]}])
    return f"{asked.stand_in}.rootDeviceName"


def test_the_group_launches_before_it_ends_and_keeps_how_many_there_are(plans):
    group = only(plans[1], "autoscaling/group:Group")
    assert group.inputs == {
        "minSize": 2,
        "maxSize": 4,
        "vpcZoneIdentifiers": ["shop-network-public-0-id", "shop-network-public-1-id"],
        "launchTemplate": {"id": "shop-web-debian-13-arm64-id", "version": "$Latest"},
        "targetGroupArns": ["${shop-web-balancer.arn}"],
        "healthCheckType": "ELB",
        "healthCheckGracePeriod": 600,
        "defaultInstanceWarmup": 180,
        "capacityRebalance": False,
        "terminationPolicies": ["OldestLaunchTemplate", "OldestInstance"],
        "waitForCapacityTimeout": "0",
        "instanceRefresh": {"strategy": "Rolling", "preferences": {"minHealthyPercentage": 100, "maxHealthyPercentage": 200}},
        "tags": [{"key": key, "value": value, "propagateAtLaunch": True} for key, value in HOST_TAGS.items()],
    }
    assert group.ignore_changes == ("desiredCapacity",)


def test_the_group_waits_for_the_listeners_and_what_it_is_told_to_wait_for(plans):
    group = only(plans[0], "autoscaling/group:Group")
    certificate = only(plans[0], "acm/certificateValidation:CertificateValidation")
    listeners = {one.urn for one in of(plans[0], "lb/listener:Listener")}
    assert {*group.depends_on} >= listeners | {certificate.urn}
    assert len(listeners) == 2


def test_the_load_balancer_closes_idle_connections_before_the_front_does(plans):
    balancer = only(plans[1], "lb/loadBalancer:LoadBalancer")
    assert balancer.inputs == {
        "loadBalancerType": "application",
        "internal": False,
        "ipAddressType": "dualstack",
        "subnets": ["shop-network-public-0-id", "shop-network-public-1-id"],
        "securityGroups": ["shop-web-balancer-id"],
        "idleTimeout": 60,
        "dropInvalidHeaderFields": True,
        "tags": BALANCER_TAGS,
    }
    assert balancer.inputs["idleTimeout"] == idle_timeout(30)  # of the default time-out; fronts keep theirs longer


def test_hosts_are_asked_whether_they_live(plans):
    assert only(plans[1], "lb/targetGroup:TargetGroup").inputs == {
        "vpcId": "shop-network-vpc-id",
        "targetType": "instance",
        "port": 80,
        "protocol": "HTTP",
        "protocolVersion": "HTTP1",
        "loadBalancingAlgorithmType": "least_outstanding_requests",
        "deregistrationDelay": 30,
        "healthCheck": {
            "enabled": True,
            "protocol": "HTTP",
            "port": "traffic-port",
            "path": "/-/live",
            "matcher": "200",
            "interval": 10,
            "timeout": 5,
            "healthyThreshold": 2,
            "unhealthyThreshold": 3,
        },
        "tags": BALANCER_TAGS,
    }


def test_with_a_certificate_plain_http_is_sent_to_https(plans):
    secure, plain = of(plans[1], "lb/listener:Listener")
    shared = {"loadBalancerArn": "${shop-web-balancer.arn}"}
    redirect = {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}
    assert plain.inputs == {
        **shared,
        "port": 80,
        "protocol": "HTTP",
        "defaultActions": [{"type": "redirect", "redirect": redirect}],
        "tags": {**TAGS, "Name": "shop-web-balancer-80"},
    }
    assert secure.inputs == {
        **shared,
        "port": 443,
        "protocol": "HTTPS",
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        "certificateArn": "${shop-certificate.certificateArn}",
        "defaultActions": [{"type": "forward", "targetGroupArn": "${shop-web-balancer.arn}"}],
        "tags": {**TAGS, "Name": "shop-web-balancer-443"},
    }


def openings(plan):
    found = of(plan, "vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    sources = ("cidrIpv4", "cidrIpv6", "referencedSecurityGroupId")
    return {
        (one.inputs["securityGroupId"], one.inputs["fromPort"], next(one.inputs[key] for key in sources if key in one.inputs))
        for one in found
    }


def test_only_the_load_balancer_is_open_to_the_world(plans):
    world = {("shop-web-balancer-id", port, where) for port in (80, 443) for where in ("0.0.0.0/0", "::/0")}
    assert openings(plans[1]) == world | {
        ("shop-web-id", 80, "shop-web-balancer-id"),
        ("shop-database-id", 5432, "shop-web-id"),
    }


def test_without_a_certificate_there_is_port_80_alone(tmp_path):
    plan = record(tmp_path, fleet(has_ipv6=False), answered=True)
    (listener,) = of(plan, "lb/listener:Listener")
    assert (listener.inputs["port"], listener.inputs["defaultActions"][0]["type"]) == (80, "forward")
    assert only(plan, "lb/loadBalancer:LoadBalancer").inputs["ipAddressType"] == "ipv4"
    assert openings(plan) == {("shop-web-balancer-id", 80, "0.0.0.0/0"), ("shop-web-id", 80, "shop-web-balancer-id")}
    assert not block_programs.types(plan) & {"acm/certificate:Certificate", "route53/record:Record", "rds/instance:Instance"}


def test_hosts_are_added_for_busy_processors_and_for_many_requests(plans):
    cpu, requests = (one.inputs for one in of(plans[1], "autoscaling/policy:Policy"))
    shared = {"autoscalingGroupName": "${shop-web.name}", "policyType": "TargetTrackingScaling"}
    figure = {"predefinedMetricType": "ASGAverageCPUUtilization"}
    assert cpu == {**shared, "targetTrackingConfiguration": {"targetValue": 60, "predefinedMetricSpecification": figure}}
    label = "${shop-web-balancer.arnSuffix}/${shop-web-balancer.arnSuffix}"
    figure = {"predefinedMetricType": "ALBRequestCountPerTarget", "resourceLabel": label}
    assert requests == {**shared, "targetTrackingConfiguration": {"targetValue": 3000, "predefinedMetricSpecification": figure}}


def test_requests_add_no_hosts_where_nobody_counts_them(tmp_path):
    (cpu,) = of(record(tmp_path, fleet(requests=0)), "autoscaling/policy:Policy")
    assert cpu.name == "shop-web-cpu"


def test_as_many_at_least_as_at_most_need_no_scaling(tmp_path):
    plan = record(tmp_path, fleet(minimum=2, maximum=2))
    assert of(plan, "autoscaling/policy:Policy") == []


def test_hosts_without_addresses_of_their_own(tmp_path):
    text = fleet(public_address=False).replace("databases=True", "nat=True")
    plan = record(tmp_path, text)
    (interface,) = only(plan, "ec2/launchTemplate:LaunchTemplate").inputs["networkInterfaces"]
    assert interface["associatePublicIpAddress"] == "false"
    assert check.run(plan) == ()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"instance_type": "m7g.large"}, "shop-web-debian-13-arm64"),
        ({"disk": 40, "user_data": "#cloud-config\n# another\n"}, "shop-web-debian-13-arm64"),
        ({"image": "ubuntu-24.04"}, "shop-web-ubuntu-24.04-arm64"),
        ({"instance_type": "t3.small"}, "shop-web-debian-13-amd64"),
        ({"image": "ami-0123456789abcdef0"}, "shop-web-ami-0123456789abcdef0-arm64"),
    ],
)
def test_another_template_is_made_for_another_image_alone(tmp_path, changes, name):
    """And only another template refreshes the group."""
    plan = record(tmp_path, fleet(**changes))
    assert only(plan, "ec2/launchTemplate:LaunchTemplate").name == name
    group = only(plan, "autoscaling/group:Group").inputs
    assert (group["launchTemplate"]["version"], "triggers" in group["instanceRefresh"]) == ("$Latest", False)


def test_subnets_and_zones_that_nobody_knows_yet_give_a_plan(tmp_path):
    """Of a network that is still to be made, and of one whose subnets depend on it."""
    unknown = "network.vpc_id.apply(lambda vpc: [f'{vpc}-{zone}' for zone in 'ab'])"
    text = fleet().replace("WebFleet('shop", f"common.update(public_subnets={unknown}, host_subnets={unknown})\nWebFleet('shop")
    plan = record(tmp_path, text)
    assert is_unknown(only(plan, "autoscaling/group:Group").inputs["vpcZoneIdentifiers"])
    assert check.run(plan) == ()


def test_the_certificate_is_proven_in_the_zone(plans):
    (zone,) = {one.stand_in for one in plans[1].lookups if one.token == "aws:route53/getZone:getZone"}
    assert only(plans[1], "acm/certificate:Certificate").inputs == {
        "domainName": "www.example.com",
        "validationMethod": "DNS",
        "tags": {**TAGS, "Name": "shop-certificate"},
    }
    options = "${shop-certificate.domainValidationOptions[0]"
    assert of(plans[1], "route53/record:Record")[0].inputs == {
        "zoneId": f"{zone}.zoneId",
        "name": f"{options}.resourceRecordName}}",
        "type": f"{options}.resourceRecordType}}",
        "records": [f"{options}.resourceRecordValue}}"],
        "ttl": 300,
        "allowOverwrite": True,
    }
    validation = only(plans[1], "acm/certificateValidation:CertificateValidation")
    assert validation.inputs == {"certificateArn": "${shop-certificate.arn}", "validationRecordFqdns": ["${shop-certificate-proof.fqdn}"]}


def test_the_name_leads_to_the_load_balancer_by_both_protocols(plans):
    alias = {"name": "${shop-web-balancer.dnsName}", "zoneId": "${shop-web-balancer.zoneId}", "evaluateTargetHealth": False}
    records = [one.inputs for one in of(plans[1], "route53/record:Record")[1:]]
    assert [(one["name"], one["type"], one["aliases"]) for one in records] == [
        ("www.example.com", "A", [alias]),
        ("www.example.com", "AAAA", [alias]),
    ]
    assert not any({"ttl", "records"} & one.keys() for one in records)


@pytest.mark.parametrize(
    ("where", "records"),
    [
        ("ipv4='192.0.2.1'", [("A", ["192.0.2.1"])]),
        ("ipv4='192.0.2.1', ipv6='2001:db8::1'", [("A", ["192.0.2.1"]), ("AAAA", ["2001:db8::1"])]),
    ],
)
def test_the_name_leads_to_a_server(tmp_path, where, records):
    plan = record(
        tmp_path, f"{block_programs.FLEET}\nSiteName('shop-site', SiteNameArgs(domain='example.com', zone='example.com', {where}))\n"
    )
    found = [one.inputs for one in of(plan, "route53/record:Record")]
    assert [(one["type"], one["records"]) for one in found] == records
    assert all(one["ttl"] == 60 and "aliases" not in one and one["name"] == "example.com" for one in found)


def test_a_name_that_leads_to_a_balancer_without_ipv6(tmp_path):
    leads = "dns_name=fleet.dns_name, zone_id=fleet.zone_id"
    made = f"SiteName('shop-site', SiteNameArgs(domain='www.example.com', zone='example.com', {leads}))\n"
    plan = record(tmp_path, fleet(has_ipv6=False).replace("WebFleet('shop", "fleet = WebFleet('shop") + made)
    assert [one.inputs["type"] for one in of(plan, "route53/record:Record")] == ["A"]
