"""What all of Amazon's blocks share: tags, policies, names that Amazon allows."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import pulumi

from components.blocks import names
from components.blocks.block import Tags

LOAD_BALANCER = 24  # letters of the name of a load balancer or a target group: 32, less Pulumi's eight
DATABASE = 55  # of a database's: 63
_RESERVED = ("sthree-", "amzn-s3-demo-")  # beginnings that S3 keeps for itself


def named(tags: Tags | None, name: str, **more: str) -> dict[str, pulumi.Input[str]]:
    """The program's own tags, with the name that Amazon's console shows."""
    return {**(tags or {}), "Name": name, **more}


def filters(wanted: Mapping[str, pulumi.Input[str]]) -> list[Any]:
    """What a look-up's answer has to have, as Amazon asks for it."""
    return [{"name": name, "values": [value]} for name, value in wanted.items()]


def allow(name: str, actions: Sequence[str], resources: Sequence[str], condition: Any = None) -> dict[str, Any]:
    """A statement of a policy."""
    statement = {"Sid": name, "Effect": "Allow", "Action": [*actions], "Resource": [*resources]}
    return {**statement, "Condition": condition} if condition else statement


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy."""
    return {"Version": "2012-10-17", "Statement": [*statements]}


def bucket_name(account: str, region: str, project: str, stack: str, app: str) -> str:
    """The name of a stack's bucket, made without asking anybody. `account`: its 12 digits."""
    return names.bucket(account, region, project, stack, app, _RESERVED)


def store_address(bucket: str, region: str) -> str:
    """The bucket as a store's address, for hosts and deployers alike."""
    return f"s3://{bucket}?region={region}"


def signed(address: str, profile: str | None) -> str:
    """A store's address for deployers alone, with whose credentials it is reached."""
    return f"{address}&{urlencode({'profile': profile})}" if profile else address
