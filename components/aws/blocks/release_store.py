"""The private bucket that releases, backups and hosts' reports travel through."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.common import document, named, store_address
from components.blocks.args import ReleaseStoreArgs
from components.blocks.block import Block, child

_FORGOTTEN: list[Any] = [
    {
        "id": "old-versions",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "noncurrent_version_expiration": {"noncurrent_days": 30},  # until then it can be brought back
        "expiration": {"expired_object_delete_marker": True},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
    },
    {  # heartbeats every few seconds and outputs of commands: nobody needs them back
        "id": "outcomes",
        "status": "Enabled",
        "filter": {"prefix": "outcomes/"},
        "noncurrent_version_expiration": {"noncurrent_days": 1},
    },
]
"""Versions that Slipway has removed or replaced, and unfinished uploads, by when they go."""


class ReleaseStore(Block):
    """Encrypted, versioned, closed to the public and to plain HTTP."""

    bucket: pulumi.Output[str]
    """The bucket's name."""
    arn: pulumi.Output[str]
    """For policies."""
    address: pulumi.Output[str]
    """The store's address for hosts and deployers: `s3://BUCKET?region=REGION`."""

    def __init__(self, name: str, args: ReleaseStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:ReleaseStore", name, None, opts)
        kept = child(self, args.keep)
        bucket = aws.s3.Bucket(name, bucket=args.bucket, force_destroy=not args.keep, tags=named(args.tags, name), opts=kept)
        self.bucket, self.arn = bucket.id, bucket.arn
        self.address = pulumi.Output.all(bucket.id, args.region).apply(lambda known: store_address(*known))
        closed = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=kept,
        )
        encrypted: Any = {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
        aws.s3.BucketServerSideEncryptionConfiguration(name, bucket=bucket.id, rules=[encrypted], opts=kept)
        versioned = aws.s3.BucketVersioning(name, bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=kept)
        aws.s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=bucket.arn.apply(_tls_only),
            opts=child(self, args.keep, after=[closed]),  # both at once are refused
        )
        after = child(self, args.keep, after=[versioned])
        aws.s3.BucketLifecycleConfiguration(name, bucket=bucket.id, rules=_FORGOTTEN, opts=after)
        self._finish()


def _tls_only(arn: str) -> str:
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps(document(statement))
