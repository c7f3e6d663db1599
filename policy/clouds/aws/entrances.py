"""What clients come in by."""

from collections.abc import Iterator

from policy.clouds.aws.types import own
from policy.facts import Entrance
from policy.plan import Plan

_TYPES = (
    "aws:ec2/eip:Eip",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:alb/loadBalancer:LoadBalancer",
    "aws:lb/listener:Listener",
    "aws:alb/listener:Listener",
    "aws:elasticbeanstalk/environment:Environment",
    "aws:route53/zone:Zone",
)


def entrances(plan: Plan) -> Iterator[Entrance]:
    """Addresses, load balancers with their listeners, environments, zones of names."""
    return (Entrance(one) for one in own(plan, *_TYPES))
