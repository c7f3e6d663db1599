"""An application load balancer: the only way in to the hosts of a fleet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.firewall import WORLD, Firewall, FirewallArgs
from components.aws.short_names import LOAD_BALANCER, short
from components.aws.tags import child, named

IDLE_TIMEOUT = 60
"""Seconds. Fronts keep idle connections for 65: who closes first must be the load balancer, or a request meets a connection that is
just being closed, and its client gets a 502."""
_TLS = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"  # TLS 1.2 and 1.3, forward secrecy and authenticated encryption alone
_DRAIN = 30  # seconds for what is in flight as a host leaves: as long as a server waits for its own


@dataclass
class LoadBalancerArgs:
    """`vpc_id`: the network; `subnets`: public ones of two zones at least; `has_ipv6`: these have IPv6 addresses.

    `certificate_arn`: a certificate of ACM that is issued; with it port 443 serves and port 80 sends there. `health_path` is asked of
    each host on port 80 and answered 200 by one that is well. `idle_timeout`: seconds without a byte after which a connection ends, those
    of answers that take longer included; hosts must keep theirs for longer."""

    vpc_id: pulumi.Input[str]
    subnets: pulumi.Input[Sequence[pulumi.Input[str]]]
    tags: Mapping[str, str]
    certificate_arn: pulumi.Input[str] | None = None
    has_ipv6: bool = False
    health_path: str = "/-/live"
    idle_timeout: int = IDLE_TIMEOUT


class LoadBalancer(pulumi.ComponentResource):
    """Open to the world on port 80, and 443 with a certificate.

    `dns_name` and `zone_id`: what a record in Route 53 is an alias of; `url`: where it is reached by its own name (with a certificate that
    is of another name, so browsers object); `target_group_arn`: where hosts are put; `arn_suffix` and `target_group_suffix`: what figures
    in CloudWatch are named by; `firewall`: its group, for the hosts' own to let in; `listeners`: what must be there before hosts count."""

    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    url: pulumi.Output[str]
    target_group_arn: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]
    target_group_suffix: pulumi.Output[str]
    firewall: Firewall
    has_ipv6: bool
    listeners: list[pulumi.Resource]

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:LoadBalancer", name, None, opts)
        self._name, self._args, self._own = name, args, child(self)
        self.has_ipv6 = args.has_ipv6
        self.firewall = self._firewall()
        made = self._balancer()
        targets = self._targets()
        self.listeners = [*self._listeners(made, targets)]
        self.dns_name, self.zone_id, self.arn_suffix = made.dns_name, made.zone_id, made.arn_suffix
        self.target_group_arn, self.target_group_suffix = targets.arn, targets.arn_suffix
        self.url = pulumi.Output.concat("https://" if args.certificate_arn else "http://", made.dns_name)
        outputs = ("dns_name", "zone_id", "url", "target_group_arn", "arn_suffix", "target_group_suffix")
        self.register_outputs({one: getattr(self, one) for one in outputs})

    def _firewall(self) -> Firewall:
        args = self._args
        firewall = Firewall(self._name, FirewallArgs(args.vpc_id, "Load balancer: web from anywhere", args.tags), self._own)
        for port in (80, 443) if args.certificate_arn else (80,):
            firewall.open(str(port), port, WORLD if args.has_ipv6 else WORLD[:1])
        return firewall

    def _balancer(self) -> aws.lb.LoadBalancer:
        return aws.lb.LoadBalancer(
            short(self._name, LOAD_BALANCER),
            load_balancer_type="application",
            internal=False,
            ip_address_type="dualstack" if self._args.has_ipv6 else "ipv4",
            subnets=self._args.subnets,
            security_groups=[self.firewall.group_id],
            idle_timeout=self._args.idle_timeout,
            drop_invalid_header_fields=True,
            tags=named(self._args.tags, self._name),
            opts=self._own,
        )

    def _targets(self) -> aws.lb.TargetGroup:
        return aws.lb.TargetGroup(
            short(self._name, LOAD_BALANCER),
            vpc_id=self._args.vpc_id,
            target_type="instance",
            port=80,
            protocol="HTTP",
            protocol_version="HTTP1",
            load_balancing_algorithm_type="least_outstanding_requests",  # a host that is slow, or just up, gets less
            deregistration_delay=_DRAIN,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                enabled=True,
                protocol="HTTP",
                port="traffic-port",
                path=self._args.health_path,
                matcher="200",
                interval=10,
                timeout=5,
                healthy_threshold=2,
                unhealthy_threshold=3,
            ),
            tags=named(self._args.tags, self._name),
            opts=self._own,
        )

    def _listeners(self, made: aws.lb.LoadBalancer, targets: aws.lb.TargetGroup) -> Sequence[pulumi.Resource]:
        to_hosts = aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)
        if self._args.certificate_arn is None:
            return [self._listener(made, 80, "HTTP", to_hosts)]
        redirect = aws.lb.ListenerDefaultActionRedirectArgs(protocol="HTTPS", port="443", status_code="HTTP_301")
        return [
            self._listener(made, 80, "HTTP", aws.lb.ListenerDefaultActionArgs(type="redirect", redirect=redirect)),
            self._listener(made, 443, "HTTPS", to_hosts, ssl_policy=_TLS, certificate_arn=self._args.certificate_arn),
        ]

    def _listener(
        self, made: aws.lb.LoadBalancer, port: int, protocol: str, action: aws.lb.ListenerDefaultActionArgs, **tls: Any
    ) -> aws.lb.Listener:
        name = f"{self._name}-{port}"
        return aws.lb.Listener(
            name,
            load_balancer_arn=made.arn,
            port=port,
            protocol=protocol,
            default_actions=[action],
            **tls,
            tags=named(self._args.tags, name),
            opts=self._own,
        )
