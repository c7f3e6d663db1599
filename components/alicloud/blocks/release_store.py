"""The private bucket that releases, backups and hosts' reports travel through."""

import json

import pulumi
import pulumi_alicloud as alicloud

from components.alicloud.common import inner_address, store_address
from components.blocks.args import ReleaseStoreArgs
from components.blocks.block import Block, child

_SET_APART = ("acl", "policy", "serverSideEncryptionRule")
"""Inputs of the bucket that resources of their own set: the provider would see them change."""


class ReleaseStore(Block):
    """Encrypted, closed to the public and to plain HTTP. Without versions: where OSS keeps them, it
    ignores that an object may only be created."""

    bucket: pulumi.Output[str]
    """The bucket's name."""
    address: pulumi.Output[str]
    """The store's address for deployers: `oss://BUCKET?region=REGION`."""
    inner_address: pulumi.Output[str]
    """The store's address for hosts of the region."""

    def __init__(self, name: str, args: ReleaseStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alicloud:ReleaseStore", name, None, opts)
        kept = child(self, args.keep)
        bucket = alicloud.oss.Bucket(
            name,
            bucket=args.bucket,
            redundancy_type="ZRS",
            force_destroy=not args.keep,
            lifecycle_rules=[{"id": "unfinished", "enabled": True, "prefix": "", "abort_multipart_uploads": [{"days": 1}]}],
            tags=args.tags,
            opts=child(self, args.keep, _SET_APART),
        )
        self.bucket, known = bucket.id, pulumi.Output.all(bucket.id, args.region)
        self.address, self.inner_address = known.apply(lambda both: store_address(*both)), known.apply(lambda both: inner_address(*both))
        alicloud.oss.BucketAcl(name, bucket=bucket.id, acl="private", opts=kept)
        closed = alicloud.oss.BucketPublicAccessBlock(name, bucket=bucket.id, block_public_access=True, opts=kept)
        alicloud.oss.BucketServerSideEncryption(name, bucket=bucket.id, sse_algorithm="AES256", opts=kept)
        alicloud.oss.BucketHttpsConfig(name, bucket=bucket.id, enable=True, tls_versions=["TLSv1.2", "TLSv1.3"], opts=kept)
        after = child(self, args.keep, after=[closed])
        alicloud.oss.BucketPolicy(name, bucket=bucket.id, policy=bucket.id.apply(_tls_only), opts=after)
        self._finish()


def _tls_only(bucket: str) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": ["*"],
        "Action": ["oss:*"],
        "Resource": [f"acs:oss:*:*:{bucket}", f"acs:oss:*:*:{bucket}/*"],
        "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
    }
    return json.dumps({"Version": "1", "Statement": [statement]})
