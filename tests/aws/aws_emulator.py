"""moto's server with what it lacks of what Terraform's provider asks for; run as a program, with moto's own arguments."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import beanstalk_standin

CALLS = "SLIPWAY_EMULATOR_CALLS"
"""The file that notes what was asked."""

_PLAIN = {"Bool": {"aws:SecureTransport": "false"}}
_FILTER = "ipv6-cidr-block-association.association-id"


def complete() -> None:
    """Each of them by its reason; and Elastic Beanstalk, which moto 5.2.5 hardly has."""
    beanstalk_standin.complete()
    for mend in MENDS.values():
        mend()
    note_calls(Path(os.environ[CALLS]))


def note_calls(log: Path) -> None:
    """Once each, what Terraform's provider asks: service and operation; of buckets method and what of it."""
    from moto.core.authorization import ActionAuthenticatorMixin

    known, noted, out = ActionAuthenticatorMixin._authenticate_and_authorize_action, set[str](), log.open("a", buffering=1)

    def authorized(self: Any, *words: Any) -> Any:
        if "terraform" in str(self.headers.get("User-Agent")).lower() and (call := _call(self)) not in noted:
            noted.add(call)
            out.write(f"{call}\n")
        return known(self, *words)

    ActionAuthenticatorMixin._authenticate_and_authorize_action = authorized  # type: ignore[assignment]


def _call(asked: Any) -> str:
    service = str(asked.headers["Authorization"]).partition("/aws4_request")[0].rpartition("/")[2]
    if service != "s3":
        return f"{service} {asked._get_action()}"
    return " ".join([service, asked.method, *sorted(parse_qs(urlsplit(asked.uri).query, keep_blank_values=True))])


def tell_databases_apart() -> None:
    """The provider finds a database by its resource id, which in moto 5.2.5 is the same for all."""
    from moto.rds.models import DBInstance

    def apart(database: Any) -> None:
        database.dbi_resource_id = f"db-{uuid4().hex[:26].upper()}"

    _after(DBInstance, apart)


def say_ipv6_blocks() -> None:
    """The provider waits for a subnet's IPv6 block by a filter that moto 5.2.5 hasn't got, for a state that it says as `{'State': …}`."""
    from moto.ec2.models.subnets import Subnet

    known, associations = Subnet.get_filter_value, vars(Subnet)["ipv6_cidr_block_association_set"].fget

    def get_filter_value(self: Any, filter_name: str, method_name: str | None = None) -> Any:
        return list(self.ipv6_cidr_block_associations) if filter_name == _FILTER else known(self, filter_name, method_name)

    def association_set(self: Any) -> Any:
        return [{**one, "ipv6CidrBlockState": {"state": "associated"}} for one in associations(self)]  # it tells of no others

    Subnet.get_filter_value = get_filter_value  # type: ignore[method-assign]
    Subnet.ipv6_cidr_block_association_set = property(association_set)  # type: ignore[assignment]


def tell_groups_of_interfaces() -> None:
    """Instances asked for with an interface have its groups, which moto 5.2.5 tells of the interface alone."""
    from moto.ec2.models.instances import Instance

    def grouped(instance: Any) -> None:
        instance.security_groups = instance.security_groups or [*instance.nics[0].group_set]

    _after(Instance, grouped)


def protect_instances() -> None:
    """From the start, where that was asked for; moto 5.2.5 hears it later alone."""
    from moto.ec2.responses.instances import InstanceResponse

    known = InstanceResponse.run_instances

    def run_instances(self: Any) -> Any:
        answer: Any = known(self)
        for instance in answer.result.instances:
            instance.disable_api_termination = bool(self._get_param("DisableApiTermination"))
        return answer

    InstanceResponse.run_instances = run_instances  # type: ignore[method-assign]


def tell_policies_whole() -> None:
    """Scaling policies are enabled where nobody said else, and those that foresee nothing say nothing of it, not an empty thing."""
    from moto.autoscaling.models import FakeScalingPolicy

    def whole(policy: Any) -> None:
        policy.enabled = True
        policy.predictive_scaling_configuration = policy.predictive_scaling_configuration or None

    _after(FakeScalingPolicy, whole)


def keep_tags_of_templates() -> None:
    """A launch template's own tags are no part of what it launches; moto 5.2.5 tells them there too."""
    from moto.ec2.models.launch_templates import LaunchTemplateVersion

    def without(version: Any) -> None:
        if tagged := version.data.get("TagSpecifications"):
            version.data["TagSpecifications"] = [one for one in tagged if one["ResourceType"] != "launch-template"]

    _after(LaunchTemplateVersion, without)


def tell_whose_parameters() -> None:
    """The provider reads those of a database's parameters that a user set, which moto 5.2.5 doesn't say of any."""
    from moto.rds.models import DBParameterGroup

    known = DBParameterGroup.update_parameters

    def update_parameters(self: Any, new_parameters: Any) -> None:
        known(self, [{**one, "Source": "user"} for one in new_parameters])

    DBParameterGroup.update_parameters = update_parameters  # type: ignore[method-assign]


def come_by_tls() -> None:
    """moto 5.2.5 reads no conditions in a bucket's policy: what refuses plain HTTP would refuse everybody."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    known = FakeBucket.get_permission

    def get_permission(self: Any, action: str, resource: str) -> Any:
        stated = json.loads(self.policy)["Statement"] if self.policy else []
        return PermissionResult.NEUTRAL if all(one.get("Condition") == _PLAIN for one in stated) else known(self, action, resource)

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]


def remove_marks() -> None:
    """That an object was removed is a version too; moto 5.2.5 fails where that is the last one to go."""
    from moto.s3.models import FakeDeleteMarker

    FakeDeleteMarker.dispose = lambda _self: None  # type: ignore[attr-defined]


MENDS: dict[str, Callable[[], None]] = {
    "aws_autoscaling_policy": tell_policies_whole,
    "aws_db_instance": tell_databases_apart,
    "aws_db_parameter_group": tell_whose_parameters,
    "aws_instance.disable_api_termination": protect_instances,
    "aws_instance.vpc_security_group_ids": tell_groups_of_interfaces,
    "aws_launch_template": keep_tags_of_templates,
    "aws_s3_bucket.force_destroy": remove_marks,
    "aws_s3_bucket_policy": come_by_tls,
    "aws_subnet.ipv6_cidr_block": say_ipv6_blocks,
}
"""Terraform's type, or a field of it: what moto is given for it."""


def _after(kind: Any, do: Callable[[Any], None]) -> None:
    """What is made of that kind is changed so."""
    made = kind.__init__

    def init(self: Any, *words: Any, **named: Any) -> None:
        made(self, *words, **named)
        do(self)

    kind.__init__ = init


if __name__ == "__main__":
    import sys

    from moto.server import main

    complete()
    main(sys.argv[1:])
