"""The private bucket that releases, backups and hosts' reports travel through."""

from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.blocks.args import ReleaseStoreArgs
from components.blocks.block import Block, child
from components.gcp.common import labels, resource_name, store_address

_WEEK = 7 * 24 * 3600  # seconds
_FORGOTTEN: list[Any] = [
    {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}},
    {"action": {"type": "Delete"}, "condition": {"days_since_noncurrent_time": 30, "with_state": "ARCHIVED"}},
    # Heartbeats every few seconds and outputs of commands: nobody needs them back.
    {
        "action": {"type": "Delete"},
        "condition": {"days_since_noncurrent_time": 1, "with_state": "ARCHIVED", "matches_prefixes": ["outcomes/"]},
    },
]
"""Versions that Slipway has removed or replaced, and unfinished uploads, by when they go."""


class ReleaseStore(Block):
    """Encrypted, versioned, closed to the public. Google Cloud Storage itself refuses plain HTTP
    with credentials."""

    bucket: pulumi.Output[str]
    """The bucket's name."""
    address: pulumi.Output[str]
    """The store's address for hosts and deployers: `gs://BUCKET`."""

    def __init__(self, name: str, args: ReleaseStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:ReleaseStore", name, None, opts)
        bucket = gcp.storage.Bucket(
            resource_name(name),
            name=args.bucket,
            location=args.region,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning={"enabled": True},
            soft_delete_policy={"retention_duration_seconds": _WEEK if args.keep else 0},
            lifecycle_rules=_FORGOTTEN,
            force_destroy=not args.keep,
            labels=labels(args.tags),
            opts=child(self, args.keep),
        )
        self.bucket = bucket.id
        self.address = bucket.id.apply(store_address)
        self._finish()
