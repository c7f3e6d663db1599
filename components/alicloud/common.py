"""What all blocks on Alibaba Cloud share: policies, the store's address."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

PUBLIC: dict[str, Any] = {"internet_charge_type": "PayByTraffic", "internet_max_bandwidth_out": 100}
"""A server's own public address as its way out, paid by what goes out; Mbit/s at most."""
DISK: dict[str, Any] = {"category": "cloud_essd", "encrypted": True}


def allow(actions: Sequence[str], resources: Sequence[str], condition: Any = None) -> dict[str, Any]:
    """A statement of a policy."""
    statement = {"Effect": "Allow", "Action": [*actions], "Resource": [*resources]}
    return {**statement, "Condition": condition} if condition else statement


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy."""
    return {"Version": "1", "Statement": [*statements]}


def store_address(bucket: str, region: str, endpoint: str | None = None, profile: str | None = None) -> str:
    """The bucket as a store's address for deployers, with whose credentials it is reached."""
    given: Mapping[str, str | None] = {"region": region, "endpoint": endpoint, "profile": profile}
    return f"oss://{bucket}?{urlencode({name: value for name, value in given.items() if value})}"


def inner_address(bucket: str, region: str) -> str:
    """The bucket for hosts of that region, by its address inside, which costs nothing; in mainland
    China the outer one is refused."""
    return store_address(bucket, region, f"https://s3.oss-{region}-internal.aliyuncs.com")
