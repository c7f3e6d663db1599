"""Web hosts that come and go behind an application load balancer."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_alicloud as alicloud

from components.alicloud.blocks.server import architecture, image_id
from components.alicloud.common import DISK, PUBLIC
from components.blocks.args import FleetArgs
from components.blocks.block import ROLE, Block, child
from components.blocks.names import unique

IDLE_TIMEOUT = 60
"""Seconds. Fronts keep idle connections for 65: the load balancer must close first."""
_DRAIN = 30  # seconds for what is in flight as a host leaves: as long as a server waits for its own
_TLS = "tls_cipher_policy_1_2_strict_with_1_3"
_CPU = 60  # per cent
_WARM_UP = 180  # seconds after which a host's figures count: it has booted and its release is up


@dataclass(kw_only=True)
class WebFleetArgs(FleetArgs):
    """The arguments of a `WebFleet` on Alibaba Cloud. The hosts' security group lets the network's
    own addresses in to port 80: the load balancer stands there."""

    vpc_id: pulumi.Input[str]
    """The network that all of it stands in."""
    subnets: pulumi.Input[list[str]]
    """Vswitches of two zones, of hosts and load balancer."""
    zones: pulumi.Input[list[str]]
    """Their zones, in the same order."""
    role_name: pulumi.Input[str]
    """`name` of the hosts' `HostRole`."""
    certificate: pulumi.Input[str] | None = None
    """The id of a certificate in the cloud's certificate service. With it port 443 serves, and port
    80 sends there."""
    idle_timeout: pulumi.Input[int] = IDLE_TIMEOUT
    """Seconds without a byte after which a connection ends, those of answers that take longer
    included. Hosts must keep theirs for longer."""


class WebFleet(Block):
    """Hosts are replaced where `/-/live` isn't answered. Another image, instance type, disk or user
    data is that of hosts started from then on. More hosts come where processors are busy."""

    dns_name: pulumi.Output[str]
    """The name that the cloud gives the load balancer: what a record leads to."""
    balancer_id: pulumi.Output[str]
    """What the load balancer's figures are named by."""
    group_id: pulumi.Output[str]
    """The scaling group."""

    def __init__(self, name: str, args: WebFleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alicloud:WebFleet", name, None, opts)
        self._name, self._args, self._own = name, args, child(self)
        balancer, servers = self._balancer(), self._servers()
        listeners = self._listeners(balancer, servers)
        group = self._group(self._template(), listeners)
        alicloud.ess.AlbServerGroupAttachment(
            name, scaling_group_id=group.id, alb_server_group_id=servers.id, port=80, weight=100, force_attach=True, opts=self._own
        )
        if args.maximum > args.minimum:
            alicloud.ess.ScalingRule(
                name,
                scaling_group_id=group.id,
                scaling_rule_type="TargetTrackingScalingRule",
                metric_name="CpuUtilization",
                target_value=_CPU,
                estimated_instance_warmup=_WARM_UP,
                opts=self._own,
            )
        self.dns_name, self.balancer_id, self.group_id = balancer.dns_name, balancer.id, group.id
        self._finish()

    def _balancer(self) -> "alicloud.alb.LoadBalancer":
        args = self._args
        zones: pulumi.Output[Any] = pulumi.Output.all(args.zones, args.subnets).apply(
            lambda both: [{"zone_id": zone, "vswitch_id": subnet} for zone, subnet in zip(*both, strict=True)]
        )
        return alicloud.alb.LoadBalancer(
            self._name,
            load_balancer_name=self._name,
            load_balancer_edition="Basic",
            load_balancer_billing_config={"pay_type": "PayAsYouGo"},
            address_type="Internet",
            vpc_id=args.vpc_id,
            zone_mappings=zones,
            tags=args.tags,
            opts=self._own,
        )

    def _servers(self) -> "alicloud.alb.ServerGroup":
        health: Any = {
            "health_check_enabled": True, "health_check_protocol": "HTTP", "health_check_method": "GET", "health_check_path": "/-/live",
            "health_check_codes": ["http_2xx"], "health_check_interval": 10, "health_check_timeout": 5, "healthy_threshold": 2,
            "unhealthy_threshold": 3,
        }  # fmt: skip
        return alicloud.alb.ServerGroup(
            self._name,
            server_group_name=self._name,
            vpc_id=self._args.vpc_id,
            protocol="HTTP",
            scheduler="Wlc",  # a host that is slow, or just up, gets less
            health_check_config=health,
            connection_drain_config={"connection_drain_enabled": True, "connection_drain_timeout": _DRAIN},
            sticky_session_config={"sticky_session_enabled": False},
            tags=self._args.tags,
            opts=self._own,
        )

    def _listeners(self, balancer: "alicloud.alb.LoadBalancer", servers: "alicloud.alb.ServerGroup") -> list[pulumi.CustomResource]:
        """What leads to the hosts, by TLS where there is a certificate; then HTTP sends there."""
        args, to_hosts = self._args, [{"server_group_tuples": [{"server_group_id": servers.id}]}]
        forward: Any = [{"type": "ForwardGroup", "forward_group_config": to_hosts[0]}]

        def listener(port: int, protocol: str, **more: Any) -> "alicloud.alb.Listener":
            return alicloud.alb.Listener(
                f"{self._name}-{port}",
                load_balancer_id=balancer.id,
                listener_port=port,
                listener_protocol=protocol,
                default_actions=forward,
                idle_timeout=args.idle_timeout,
                request_timeout=args.idle_timeout,
                x_forwarded_for_config={"x_forwarded_for_enabled": True, "x_forwarded_for_proto_enabled": True},
                tags=args.tags,
                **more,
                opts=self._own,
            )

        plain = listener(80, "HTTP")
        if args.certificate is None:
            return [plain]
        secure = listener(443, "HTTPS", certificates={"certificate_id": args.certificate}, security_policy_id=_TLS)
        redirect: Any = {"http_code": "301", "protocol": "HTTPS", "port": "443"}
        sent = alicloud.alb.Rule(
            f"{self._name}-80",
            listener_id=plain.id,
            rule_name=f"{self._name}-to-https",
            priority=1,
            rule_conditions=[{"type": "Path", "path_config": {"values": ["/*"]}}],
            rule_actions=[{"type": "Redirect", "order": 1, "redirect_config": redirect}],
            opts=self._own,
        )
        return [plain, secure, sent]

    def _template(self) -> "alicloud.ecs.EcsLaunchTemplate":
        """The resource is named after image and architecture as well: another of these makes
        another template."""
        name, args = self._name, self._args
        full = f"{name}-{args.image}-{architecture(args.instance_type)}"
        tags = {**(args.tags or {}), ROLE: "web"}
        disk: Any = {**DISK, "size": args.disk, "delete_with_instance": True}
        way_out: dict[str, Any] = PUBLIC if args.public_address else {}
        return alicloud.ecs.EcsLaunchTemplate(
            full,
            launch_template_name=unique(full),
            image_id=image_id(args.image, args.instance_type, self),
            instance_type=args.instance_type,
            instance_name=name,
            security_group_ids=[args.group_id],
            ram_role_name=args.role_name,
            http_endpoint="enabled",
            http_tokens="required",
            system_disk=disk,
            user_data=pulumi.Output.from_input(args.user_data).apply(lambda text: base64.b64encode(text.encode()).decode()),
            update_default_version_number=True,
            tags=tags,
            template_tags=args.tags,
            **way_out,
            opts=self._own,
        )

    def _group(self, template: "alicloud.ecs.EcsLaunchTemplate", listeners: Sequence[pulumi.CustomResource]) -> "alicloud.ess.ScalingGroup":
        args = self._args
        # What these depend on is waited for; of the outputs themselves nothing is used.
        first = pulumi.Output.all(*(args.after or ()), *(one.id for one in listeners))
        waiting = pulumi.ResourceOptions(depends_on=first.apply(lambda _: []))
        return alicloud.ess.ScalingGroup(
            self._name,
            scaling_group_name=unique(self._name),
            min_size=args.minimum,
            max_size=args.maximum,
            vswitch_ids=args.subnets,
            multi_az_policy="BALANCE",
            launch_template_id=template.id,
            launch_template_version="Latest",
            health_check_types=["ECS", "LOAD_BALANCER"],
            removal_policies=["OldestScalingConfiguration", "OldestInstance"],
            tags=args.tags,
            opts=pulumi.ResourceOptions.merge(child(self, ignore=("desiredCapacity",)), waiting),
        )
