"""Web hosts that come and go behind Google's global load balancer."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from cloud_init.fleet import Balancer
from components.blocks.args import FleetArgs
from components.blocks.block import Block, child
from components.gcp.blocks.firewall import BALANCERS
from components.gcp.blocks.network import ZONES
from components.gcp.blocks.server import MachineArgs, disk_type
from components.gcp.common import labels, resource_name

_HEADER = "X-Real-Ip"
BALANCER = Balancer(BALANCERS, idle=615, header=_HEADER)
"""The load balancer as hosts have to know it. It keeps idle connections for 600 seconds, which is
not to be set: hosts keep theirs for 620, as Google asks for. Of X-Forwarded-For the last address is
its own, so that a client's comes in another header."""
_EXTERNAL = "EXTERNAL_MANAGED"
_ANSWER = 3600  # seconds for all of an answer, a large file's too: hosts give up long before where nothing comes
_DRAIN = 30  # seconds for what is in flight as a host leaves: as long as a server waits for its own
_GRACE = 600  # seconds that a new host has before the group looks at it: many times what a boot takes
_WARM_UP = 180  # seconds after which a host's figures count: it has booted and its release is up
_CPU = 0.6


@dataclass(kw_only=True)
class WebFleetArgs(MachineArgs, FleetArgs):
    """The arguments of a `WebFleet` on Google Cloud. The hosts' firewall lets `BALANCERS` in to
    port 80. Another image, instance type, disk or user data replaces all hosts."""

    zones: pulumi.Input[list[str]]
    """The zones that hosts are spread over: three at most."""
    certificate_map: pulumi.Input[str] | None = None
    """`map_id` of a `Certificate`. With it port 443 serves, and port 80 sends there."""
    requests: int = 3000
    """How many a host should get in a minute. More, or CPU at 60 %, add hosts; 0: CPU alone."""
    idle_timeout: int = 60
    """Seconds that an answer may take to begin; an hour more, and it is cut off."""


class WebFleet(Block):
    """Hosts are replaced where `/-/live` isn't answered, and all of them, new ones first, for
    another template."""

    address: pulumi.Output[str]
    """The load balancer's own, IPv4: what a record leads to."""
    url_map: pulumi.Output[str]
    """What the load balancer's figures are named by."""

    def __init__(self, name: str, args: WebFleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:WebFleet", name, None, opts)
        self._name, self._args, self._own = resource_name(name), args, child(self)
        check: Any = {"port": 80, "request_path": "/-/live"}
        times: dict[str, Any] = {"check_interval_sec": 10, "timeout_sec": 5, "healthy_threshold": 2, "unhealthy_threshold": 3}
        health = gcp.compute.HealthCheck(self._name, http_health_check=check, **times, opts=self._own).id
        hosts = self._hosts(self._group(health), health)
        to_hosts = gcp.compute.URLMap(self._name, default_service=hosts.id, opts=self._own)
        self.address, self.url_map = self._way_in(to_hosts), to_hosts.name
        self._finish()

    def _group(self, health: pulumi.Output[str]) -> "gcp.compute.RegionInstanceGroupManager":
        """The hosts. A template is named after image and processor as well: another of these makes
        another one. The group itself has no size of its own."""
        args = self._args
        disk: Any = {
            "boot": True,
            "auto_delete": True,
            "source_image": args.image_path(),
            "disk_size_gb": args.disk,
            "disk_type": disk_type(args.instance_type),
        }
        template = gcp.compute.RegionInstanceTemplate(
            resource_name(f"{self._name}-{args.image}-{args.architecture}"),
            disks=[disk],
            **args.machine("web"),
            opts=child(self, ignore=("disks[0].sourceImage",)),  # a family, as for a single server
        )
        # What `after` depends on is waited for; of the outputs themselves nothing is used.
        waiting = pulumi.ResourceOptions(depends_on=pulumi.Output.all(*(args.after or ())).apply(lambda _: []))
        return gcp.compute.RegionInstanceGroupManager(
            self._name,
            base_instance_name=self._name,
            versions=[{"instance_template": template.self_link}],
            distribution_policy_zones=args.zones,
            named_ports=[{"name": "http", "port": 80}],
            auto_healing_policies={"health_check": health, "initial_delay_sec": _GRACE},
            update_policy={
                "type": "PROACTIVE",
                "minimal_action": "REPLACE",
                "max_surge_fixed": ZONES,  # one in each zone at least, or none at all
                "max_unavailable_fixed": 0,
            },
            wait_for_instances=False,  # whether hosts serve says the rollout, with the reason where they don't
            opts=pulumi.ResourceOptions.merge(self._own, waiting),
        )

    def _hosts(self, group: "gcp.compute.RegionInstanceGroupManager", health: pulumi.Output[str]) -> "gcp.compute.BackendService":
        """What leads to hosts, and adds some as more come."""
        args, share, more = self._args, {"target": 1.0}, {}
        backend: Any = {"group": group.instance_group, "balancing_mode": "UTILIZATION"}
        if args.requests:  # what is used of this rate is a figure that hosts are added by
            backend |= {"balancing_mode": "RATE", "max_rate_per_instance": args.requests / 60}
            more = {"load_balancing_utilization": share}
        hosts = gcp.compute.BackendService(
            self._name,
            load_balancing_scheme=_EXTERNAL,
            protocol="HTTP",
            port_name="http",
            backends=[backend],
            health_checks=health,
            locality_lb_policy="LEAST_REQUEST",  # a host that is slow, or just up, gets less
            timeout_sec=args.idle_timeout + _ANSWER,
            connection_draining_timeout_sec=_DRAIN,
            custom_request_headers=[f"{_HEADER}:{{client_ip_address}}"],
            opts=self._own,
        )
        size = {"min_replicas": args.minimum, "max_replicas": args.maximum, "cooldown_period": _WARM_UP}
        policy: Any = {**size, "cpu_utilization": {"target": _CPU}, **more}
        gcp.compute.RegionAutoscaler(self._name, target=group.id, autoscaling_policy=policy, opts=child(self, after=[hosts]))
        return hosts

    def _way_in(self, to_hosts: "gcp.compute.URLMap") -> pulumi.Output[str]:
        """The address at which it listens, by TLS where there is a certificate; then HTTP sends
        there."""
        name, own, plain, tagged = self._name, self._own, to_hosts, labels(self._args.tags)
        address = gcp.compute.GlobalAddress(name, labels=tagged, opts=own)
        targets: dict[str, pulumi.Output[str]] = {}
        if self._args.certificate_map is not None:
            redirect: Any = {"https_redirect": True, "strip_query": False, "redirect_response_code": "MOVED_PERMANENTLY_DEFAULT"}
            plain = gcp.compute.URLMap(f"{name}-to-https", default_url_redirect=redirect, opts=own)
            policy = gcp.compute.SSLPolicy(name, profile="MODERN", min_tls_version="TLS_1_2", opts=own)
            place = pulumi.Output.concat("//certificatemanager.googleapis.com/", self._args.certificate_map)
            secure = gcp.compute.TargetHttpsProxy(name, url_map=to_hosts.id, certificate_map=place, ssl_policy=policy.id, opts=own)
            targets["443"] = secure.id
        targets["80"] = gcp.compute.TargetHttpProxy(name, url_map=plain.id, opts=own).id
        listens: dict[str, Any] = {"load_balancing_scheme": _EXTERNAL, "ip_address": address.id, "ip_protocol": "TCP", "labels": tagged}
        rules = [
            gcp.compute.GlobalForwardingRule(f"{name}-{port}", port_range=port, target=target, **listens, opts=own).id
            for port, target in targets.items()
        ]
        return pulumi.Output.all(address.address, *rules).apply(lambda known: str(known[0]))
