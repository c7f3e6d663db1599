"""What a stack's bucket is called, without asking anybody, and where it is; how many letters Amazon's names have: pure functions."""

from components.blocks import names

LOAD_BALANCER = 24  # letters of the name of a load balancer or a target group: 32, less Pulumi's eight
DATABASE = 55  # of a database's: 63
_TAKEN = ("sthree-", "amzn-s3-demo-")  # beginnings that S3 keeps for itself


def bucket(account: str, region: str, project: str, stack: str, app: str) -> str:
    """`components.blocks.names.bucket` on AWS. `account`: its number of 12 digits."""
    return names.bucket(account, region, project, stack, app, _TAKEN)


def address(bucket: str, region: str) -> str:
    """The bucket as a store's address, for hosts and deployers alike."""
    return f"s3://{bucket}?region={region}"
