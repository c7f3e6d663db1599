"""Web hosts that come and go behind an application load balancer, the only way in to them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.blocks.firewall import WORLD, Firewall, ingress
from components.aws.blocks.server import architecture, image_id
from components.aws.common import LOAD_BALANCER, filters, named
from components.blocks.args import FirewallArgs, FleetArgs
from components.blocks.block import ROLE, Block, child
from components.blocks.names import short

IDLE_TIMEOUT = 60
"""Seconds. Fronts keep idle connections for 65: the load balancer must close first, or a request
meets a connection that is just being closed, and its client gets a 502."""
TLS = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"  # TLS 1.2 and 1.3, forward secrecy and authenticated encryption alone
_DRAIN = 30  # seconds for what is in flight as a host leaves: as long as a server waits for its own
GRACE = 600
"""Seconds that a new host has before the group looks at it: many times what a boot takes, so that a
slow mirror replaces nothing."""
_WARM_UP = 180  # seconds after which a host's figures count: it has booted and its release is up
_CPU = 60.0  # per cent


@dataclass(kw_only=True)
class WebFleetArgs(FleetArgs):
    """The arguments of a `WebFleet` on AWS. Another image replaces all hosts."""

    vpc_id: pulumi.Input[str]
    """The network that all of it stands in."""
    public_subnets: pulumi.Input[Sequence[pulumi.Input[str]]]
    """The load balancer's, of two zones at least."""
    profile_arn: pulumi.Input[str]
    """The hosts' instance profile, as `HostRole` puts it out."""
    host_subnets: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None
    """The hosts' subnets, which lead out. The public ones if left out."""
    has_ipv6: bool | None = None
    """The public subnets have IPv6 addresses."""
    certificate_arn: pulumi.Input[str] | None = None
    """A certificate of ACM that is issued, such as `arn` of a `Certificate`. With it port 443
    serves, and port 80 sends there."""
    idle_timeout: pulumi.Input[int] = IDLE_TIMEOUT
    """Seconds without a byte after which a connection ends, those of answers that take longer
    included. Hosts must keep theirs for longer."""
    requests: float = 3000
    """How many a host should get in a minute. More, or CPU at 60 %, add hosts; 0: CPU alone."""


class WebFleet(Block):
    """Open to the world on port 80, and 443 with a certificate. Hosts are replaced where `/-/live`
    isn't answered, and all of them, new ones first, for another image. Another instance type, disk
    or user data is that of hosts started from then on."""

    dns_name: pulumi.Output[str]
    """The name that Amazon gives it: what a record is an alias of."""
    zone_id: pulumi.Output[str]
    """The zone of that name, which an alias needs as well."""
    arn_suffix: pulumi.Output[str]
    """What the load balancer's figures in CloudWatch are named by."""
    target_group_suffix: pulumi.Output[str]
    """What the hosts' figures behind it are named by."""
    group_name: pulumi.Output[str]
    """The autoscaling group's."""

    def __init__(self, name: str, args: WebFleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:WebFleet", name, None, opts)
        self._name, self._front, self._args = name, f"{name}-balancer", args
        # A balancer that there is keeps its URN, and so its address.
        self._own = child(pulumi.ComponentResource("slipway:aws:LoadBalancer", self._front, None, child(self)))
        balancer, targets = self._balancer(), self._targets()
        self.dns_name, self.zone_id = balancer.dns_name, balancer.zone_id
        self.arn_suffix, self.target_group_suffix = balancer.arn_suffix, targets.arn_suffix
        group = self._group(self._template(), targets, self._listeners(balancer, targets))
        if args.maximum > args.minimum:
            self._scale(group)
        self.group_name = group.name
        self._finish()

    def _balancer(self) -> "aws.lb.LoadBalancer":
        """With a firewall of its own, which alone the hosts' lets in."""
        args = self._args
        closed = FirewallArgs(vpc_id=args.vpc_id, description="Load balancer: web from anywhere", tags=args.tags)
        firewall = Firewall(self._front, closed, self._own)
        for port in (80,) if args.certificate_arn is None else (80, 443):
            firewall.open(str(port), port, WORLD if args.has_ipv6 else WORLD[:1])
        ingress(self, self._front, args.group_id, 80, args.tags, referenced_security_group_id=firewall.group_id)
        return aws.lb.LoadBalancer(
            short(self._front, LOAD_BALANCER),
            load_balancer_type="application",
            internal=False,
            ip_address_type="dualstack" if args.has_ipv6 else "ipv4",
            subnets=args.public_subnets,
            security_groups=[firewall.group_id],
            idle_timeout=args.idle_timeout,
            drop_invalid_header_fields=True,
            tags=named(args.tags, self._front),
            opts=self._own,
        )

    def _targets(self) -> "aws.lb.TargetGroup":
        return aws.lb.TargetGroup(
            short(self._front, LOAD_BALANCER),
            vpc_id=self._args.vpc_id,
            target_type="instance",
            port=80,
            protocol="HTTP",
            protocol_version="HTTP1",
            load_balancing_algorithm_type="least_outstanding_requests",  # a host that is slow, or just up, gets less
            deregistration_delay=_DRAIN,
            health_check={
                **{"enabled": True, "protocol": "HTTP", "port": "traffic-port", "path": "/-/live", "matcher": "200"},
                **{"interval": 10, "timeout": 5, "healthy_threshold": 2, "unhealthy_threshold": 3},
            },
            tags=named(self._args.tags, self._front),
            opts=self._own,
        )

    def _listeners(self, balancer: "aws.lb.LoadBalancer", targets: "aws.lb.TargetGroup") -> list[pulumi.Output[str]]:
        """Their ARNs."""
        to_hosts = {"type": "forward", "target_group_arn": targets.arn}
        to_https = {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "status_code": "HTTP_301"}}
        tls = {"protocol": "HTTPS", "ssl_policy": TLS, "certificate_arn": self._args.certificate_arn}
        ports: dict[int, dict[str, Any]] = {80: {"protocol": "HTTP", "default_actions": [to_hosts]}}
        if self._args.certificate_arn is not None:
            ports = {80: {"protocol": "HTTP", "default_actions": [to_https]}, 443: {**tls, "default_actions": [to_hosts]}}
        made = []
        for port, given in ports.items():
            name = f"{self._front}-{port}"
            tags = named(self._args.tags, name)
            made.append(aws.lb.Listener(name, load_balancer_arn=balancer.arn, port=port, **given, tags=tags, opts=self._own).arn)
        return made

    def _template(self) -> "aws.ec2.LaunchTemplate":
        """The resource is named after image and architecture as well: another of these makes
        another template."""
        name, args = self._name, self._args
        image = image_id(args.image, args.instance_type, self)
        tags = named(args.tags, name, **{ROLE: "web"})
        # The disk has the name that the image has for it: under another one it would be a second
        # disk, and the first stay small and unencrypted.
        lookup = pulumi.InvokeOutputOptions(parent=self)
        ami = aws.ec2.get_ami_output(filters=filters({"image-id": image}), include_deprecated=True, opts=lookup)
        disk: Any = {"volume_size": args.disk, "volume_type": "gp3", "encrypted": "true", "delete_on_termination": "true"}
        interface: Any = {
            "device_index": 0,
            "associate_public_ip_address": "true" if args.public_address else "false",  # IPv6 ones come from the subnet, where it has any
            "delete_on_termination": "true",
            "security_groups": [args.group_id],
        }
        return aws.ec2.LaunchTemplate(
            f"{name}-{args.image}-{architecture(args.instance_type)}",
            image_id=image,
            instance_type=args.instance_type,
            iam_instance_profile={"arn": args.profile_arn},
            user_data=pulumi.Output.from_input(args.user_data).apply(lambda text: base64.b64encode(text.encode()).decode()),
            network_interfaces=[interface],
            block_device_mappings=[{"device_name": ami.root_device_name, "ebs": disk}],
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            private_dns_name_options={"hostname_type": "resource-name"},
            tag_specifications=[{"resource_type": one, "tags": tags} for one in ("instance", "volume", "network-interface")],
            tags=named(args.tags, name),
            opts=child(self),
        )

    def _group(
        self, template: "aws.ec2.LaunchTemplate", targets: "aws.lb.TargetGroup", listeners: Sequence[pulumi.Output[str]]
    ) -> "aws.autoscaling.Group":
        """After the listeners. The newest version of the template is named as such: only another
        template refreshes."""
        args = self._args
        tags = named(args.tags, self._name, **{ROLE: "web"})  # a group has no plain ones, and no default tags
        # What these depend on is waited for; of the outputs themselves nothing is used.
        waiting = pulumi.ResourceOptions(depends_on=pulumi.Output.all(*(args.after or ()), *listeners).apply(lambda _: []))
        return aws.autoscaling.Group(
            self._name,
            min_size=args.minimum,
            max_size=args.maximum,
            vpc_zone_identifiers=args.public_subnets if args.host_subnets is None else args.host_subnets,
            launch_template={"id": template.id, "version": "$Latest"},
            target_group_arns=[targets.arn],
            health_check_type="ELB",
            health_check_grace_period=GRACE,
            default_instance_warmup=_WARM_UP,
            capacity_rebalance=False,
            termination_policies=["OldestLaunchTemplate", "OldestInstance"],
            wait_for_capacity_timeout="0",  # whether hosts serve says the rollout, with the reason where they don't
            # As many more as there are may start before an old one ends.
            instance_refresh={"strategy": "Rolling", "preferences": {"min_healthy_percentage": 100, "max_healthy_percentage": 200}},
            tags=[{"key": key, "value": value, "propagate_at_launch": True} for key, value in tags.items()],
            opts=pulumi.ResourceOptions.merge(child(self, ignore=("desiredCapacity",)), waiting),
        )

    def _scale(self, group: "aws.autoscaling.Group") -> None:
        # Amazon knows it once a listener leads from the one to the other; the group waits for it.
        label = pulumi.Output.concat(self.arn_suffix, "/", self.target_group_suffix)
        requests = {"predefined_metric_type": "ALBRequestCountPerTarget", "resource_label": label}
        cpu = {"predefined_metric_type": "ASGAverageCPUUtilization"}
        for kind, target, metric in (("cpu", _CPU, cpu), ("requests", self._args.requests, requests)):
            if not target:
                continue
            tracking: Any = {"target_value": target, "predefined_metric_specification": metric}
            aws.autoscaling.Policy(
                f"{self._name}-{kind}",
                autoscaling_group_name=group.name,
                policy_type="TargetTrackingScaling",
                target_tracking_configuration=tracking,
                opts=child(self),
            )
