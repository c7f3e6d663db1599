"""An application load balancer: the only way in to the hosts of a fleet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.blocks.firewall import WORLD, Firewall
from components.aws.common import LOAD_BALANCER, named
from components.blocks.args import FirewallArgs, Tagged
from components.blocks.block import Block, child
from components.blocks.names import short

IDLE_TIMEOUT = 60
"""Seconds. Fronts keep idle connections for 65: the load balancer must close first, or a request
meets a connection that is just being closed, and its client gets a 502."""
TLS = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"  # TLS 1.2 and 1.3, forward secrecy and authenticated encryption alone
_DRAIN = 30  # seconds for what is in flight as a host leaves: as long as a server waits for its own


@dataclass(kw_only=True)
class BalancedArgs(Tagged):
    """What a load balancer is told, alone or as that of a fleet."""

    vpc_id: pulumi.Input[str]
    """The network that all of it stands in."""
    has_ipv6: bool | None = None
    """The public subnets have IPv6 addresses."""
    certificate_arn: pulumi.Input[str] | None = None
    """A certificate of ACM that is issued, such as `arn` of a `Certificate`. With it port 443
    serves, and port 80 sends there."""
    idle_timeout: pulumi.Input[int] = IDLE_TIMEOUT
    """Seconds without a byte after which a connection ends, those of answers that take longer
    included. Hosts must keep theirs for longer."""
    access_logs: pulumi.Input[str] | None = None
    """A bucket that takes its access logs, whose policy lets Amazon's log delivery write there."""


@dataclass(kw_only=True)
class LoadBalancerArgs(BalancedArgs):
    """The arguments of a `LoadBalancer`."""

    subnets: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Public ones, of two zones at least."""


class LoadBalancer(Block):
    """Open to the world on port 80, and 443 with a certificate."""

    dns_name: pulumi.Output[str]
    """The name that Amazon gives it: what a record is an alias of."""
    zone_id: pulumi.Output[str]
    """The zone of that name, which an alias needs as well."""
    target_group_arn: pulumi.Output[str]
    """The group that hosts join. Known once listeners lead there."""
    group_id: pulumi.Output[str]
    """The balancer's security group, for the hosts' own to let in."""
    arn_suffix: pulumi.Output[str]
    """What its figures in CloudWatch are named by."""
    target_group_suffix: pulumi.Output[str]
    """What the hosts' figures are named by."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:LoadBalancer", name, None, opts)
        self._name, self._args, self._own = name, args, child(self)
        closed = FirewallArgs(vpc_id=args.vpc_id, description="Load balancer: web from anywhere", tags=args.tags)
        firewall = Firewall(name, closed, self._own)
        for port in (80,) if args.certificate_arn is None else (80, 443):
            firewall.open(str(port), port, WORLD if args.has_ipv6 else WORLD[:1])
        self.group_id = firewall.group_id
        balancer, targets = self._balancer(), self._targets()
        listeners = self._listeners(balancer, targets)
        self.target_group_arn = pulumi.Output.all(targets.arn, *listeners).apply(lambda known: str(known[0]))
        self.dns_name, self.zone_id = balancer.dns_name, balancer.zone_id
        self.arn_suffix, self.target_group_suffix = balancer.arn_suffix, targets.arn_suffix
        self._finish()

    def _balancer(self) -> "aws.lb.LoadBalancer":
        logs = self._args.access_logs
        return aws.lb.LoadBalancer(
            short(self._name, LOAD_BALANCER),
            load_balancer_type="application",
            internal=False,
            ip_address_type="dualstack" if self._args.has_ipv6 else "ipv4",
            subnets=self._args.subnets,
            security_groups=[self.group_id],
            idle_timeout=self._args.idle_timeout,
            drop_invalid_header_fields=True,
            access_logs=None if logs is None else {"bucket": logs, "prefix": self._name, "enabled": True},
            tags=named(self._args.tags, self._name),
            opts=self._own,
        )

    def _targets(self) -> "aws.lb.TargetGroup":
        return aws.lb.TargetGroup(
            short(self._name, LOAD_BALANCER),
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
            tags=named(self._args.tags, self._name),
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
            name = f"{self._name}-{port}"
            tags = named(self._args.tags, name)
            made.append(aws.lb.Listener(name, load_balancer_arn=balancer.arn, port=port, **given, tags=tags, opts=self._own).arn)
        return made
