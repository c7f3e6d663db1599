"""The private bucket that releases, backups and what hosts tell travel through."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws import names, region
from components.aws.tags import named
from components.blocks.block import Args, Block, Tags, child

_OLD_VERSIONS = 30  # days that what was overwritten or removed can be brought back


@dataclass(kw_only=True)
class ReleaseStoreArgs(Args):
    """Of one bucket."""

    bucket: pulumi.Input[str] | None = None
    """Its name, one among all of Amazon's customers. Made of the block's name if left out."""
    region: pulumi.Input[str] | None = None
    """Where it is, such as `eu-west-1`: the provider's region, which is asked for if left out."""
    tags: Tags | None = None
    """On all that is made."""
    keep: bool | None = True
    """Protected and retained, as backups are in it. Otherwise it is removed with all that is in it."""


class ReleaseStore(Block):
    """Encrypted, versioned, closed to the public and to plain HTTP."""

    bucket: pulumi.Output[str]
    """Its name."""
    arn: pulumi.Output[str]
    """For policies."""
    address: pulumi.Output[str]
    """As hosts and deployers know it: `s3://BUCKET?region=REGION`."""

    def __init__(self, name: str, args: ReleaseStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:ReleaseStore", name, None, opts)
        kept = child(self, args.keep)
        bucket = aws.s3.Bucket(name, bucket=args.bucket, force_destroy=not args.keep, tags=named(args.tags, name), opts=kept)
        self.bucket, self.arn = bucket.id, bucket.arn
        self.address = pulumi.Output.all(bucket.id, region.of(self, args.region)).apply(lambda known: names.address(*known))
        closed = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=kept,
        )
        default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(sse_algorithm="AES256")
        rule = aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(apply_server_side_encryption_by_default=default)
        aws.s3.BucketServerSideEncryptionConfiguration(name, bucket=bucket.id, rules=[rule], opts=kept)
        enabled = aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled")
        versioned = aws.s3.BucketVersioning(name, bucket=bucket.id, versioning_configuration=enabled, opts=kept)
        aws.s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=bucket.arn.apply(_tls_only),
            opts=pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(depends_on=[closed])),  # both at once are refused
        )
        self._forget(name, bucket, pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(depends_on=[versioned])))
        self._finish()

    def _forget(self, name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> None:
        """Slipway itself removes old releases and backups: here their versions go, and uploads that were never finished."""
        rule = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="old-versions",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=_OLD_VERSIONS
            ),
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True),
            abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=1
            ),
        )
        aws.s3.BucketLifecycleConfiguration(name, bucket=bucket.id, rules=[rule], opts=opts)


def _tls_only(arn: str) -> str:
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
