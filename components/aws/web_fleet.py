"""Web hosts that come and go behind a load balancer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.firewall import Firewall
from components.aws.launch_template import HostArgs, make
from components.aws.load_balancer import IDLE_TIMEOUT, LoadBalancer, LoadBalancerArgs
from components.aws.tags import ROLE, child, named

GRACE = 600
"""Seconds that a new host has before the group looks at it: many times what a boot takes, so that a slow mirror replaces nothing."""
_WARM_UP = 180  # seconds after which a host's figures count: it has booted and its release is up
_CPU = 60.0  # per cent


@dataclass
class WebFleetArgs:
    """`image`: `debian-13`, `ubuntu-24.04` or an image's id; `instance_type` decides the architecture; `disk` in GB; `user_data`: text;
    `profile_arn`: of the instance profile; `firewall`: the hosts' own, which the load balancer is let in by.

    `minimum` and `maximum`: how many hosts. `vpc_id`, `public_subnets` (of two zones, for the load balancer) and `host_subnets`: where all
    of it stands; `public_address`: hosts have addresses of their own, as their way out; without, their subnets must have another.
    `certificate_arn`: as for `LoadBalancer`; so `has_ipv6` and `idle_timeout` (seconds).

    `requests`: how many a host should get in a minute; more of them, or CPU at 60 %, add hosts. `after`: what must be there before the
    first host starts, such as the release that it is to serve."""

    image: str
    instance_type: str
    disk: int
    user_data: pulumi.Input[str]
    profile_arn: pulumi.Input[str]
    firewall: Firewall
    minimum: int
    maximum: int
    vpc_id: pulumi.Input[str]
    public_subnets: pulumi.Input[Sequence[pulumi.Input[str]]]
    host_subnets: pulumi.Input[Sequence[pulumi.Input[str]]]
    tags: Mapping[str, str]
    public_address: bool = True
    has_ipv6: bool = False
    certificate_arn: pulumi.Input[str] | None = None
    idle_timeout: int = IDLE_TIMEOUT
    requests: int = 3000
    after: Sequence[pulumi.Resource] = ()


class WebFleet(pulumi.ComponentResource):
    """Hosts are replaced where `/-/live` isn't answered, and all of them, new ones first, for another image. Another instance type, disk
    or user data is that of hosts started from then on.

    `load_balancer`: what leads to them; `url`: its own address; `group_name`: of the autoscaling group."""

    load_balancer: LoadBalancer
    url: pulumi.Output[str]
    group_name: pulumi.Output[str]

    def __init__(self, name: str, args: WebFleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:WebFleet", name, None, opts)
        self._name, self._args = name, args
        self.load_balancer = self._balancer()
        args.firewall.open("balancer", 80, self.load_balancer.firewall)
        host = HostArgs(
            args.image,
            args.instance_type,
            args.disk,
            args.profile_arn,
            args.firewall.group_id,
            args.user_data,
            args.tags,
            args.public_address,
        )
        group = self._group(make(name, "web", host, self))
        if args.maximum > args.minimum:
            self._scale(group)
        self.url, self.group_name = self.load_balancer.url, group.name
        self.register_outputs({"url": self.url, "group_name": self.group_name})

    def _balancer(self) -> LoadBalancer:
        args = self._args
        wanted = LoadBalancerArgs(
            args.vpc_id, args.public_subnets, args.tags, args.certificate_arn, args.has_ipv6, idle_timeout=args.idle_timeout
        )
        return LoadBalancer(f"{self._name}-balancer", wanted, child(self))

    def _group(self, template: aws.ec2.LaunchTemplate) -> aws.autoscaling.Group:
        """The template's newest version is named as such: so a new version refreshes nothing, only another template does."""
        args = self._args
        waiting = pulumi.ResourceOptions(depends_on=[*self.load_balancer.listeners, *args.after])
        return aws.autoscaling.Group(
            self._name,
            min_size=args.minimum,
            max_size=args.maximum,
            vpc_zone_identifiers=args.host_subnets,
            launch_template=aws.autoscaling.GroupLaunchTemplateArgs(id=template.id, version="$Latest"),
            target_group_arns=[self.load_balancer.target_group_arn],
            health_check_type="ELB",
            health_check_grace_period=GRACE,
            default_instance_warmup=_WARM_UP,
            capacity_rebalance=False,
            termination_policies=["OldestLaunchTemplate", "OldestInstance"],
            wait_for_capacity_timeout="0",  # whether hosts serve says the rollout, with the reason where they don't
            instance_refresh=aws.autoscaling.GroupInstanceRefreshArgs(strategy="Rolling", preferences=_new_ones_first()),
            tags=[*self._tags()],
            opts=pulumi.ResourceOptions.merge(child(self, ignore=("desiredCapacity",)), waiting),
        )

    def _tags(self) -> Iterator[aws.autoscaling.GroupTagArgs]:
        """A group has no plain tags, and a provider's default tags don't reach it."""
        for key, value in named(self._args.tags, self._name, **{ROLE: "web"}).items():
            yield aws.autoscaling.GroupTagArgs(key=key, value=value, propagate_at_launch=True)

    def _scale(self, group: aws.autoscaling.Group) -> None:
        balancer = self.load_balancer
        label = pulumi.Output.concat(balancer.arn_suffix, "/", balancer.target_group_suffix)
        self._track(group, "cpu", _CPU, "ASGAverageCPUUtilization")
        # Known to Amazon only once a listener leads from the one to the other; the group waits for those.
        self._track(group, "requests", float(self._args.requests), "ALBRequestCountPerTarget", label)

    def _track(self, group: aws.autoscaling.Group, kind: str, target: float, metric: str, label: pulumi.Output[str] | None = None) -> None:
        figure = aws.autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs(
            predefined_metric_type=metric, resource_label=label
        )
        aws.autoscaling.Policy(
            f"{self._name}-{kind}",
            autoscaling_group_name=group.name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration=aws.autoscaling.PolicyTargetTrackingConfigurationArgs(
                target_value=target, predefined_metric_specification=figure
            ),
            opts=child(self),
        )


def _new_ones_first() -> aws.autoscaling.GroupInstanceRefreshPreferencesArgs:
    """As many more as there are may start before an old one ends."""
    return aws.autoscaling.GroupInstanceRefreshPreferencesArgs(min_healthy_percentage=100, max_healthy_percentage=200)
