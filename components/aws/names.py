"""What a stack's bucket is called, without asking anybody, and where it is: pure functions."""

import hashlib
import json
import re

_DIGITS = 12  # of the hash
_APP, _STACK = 25, 24  # letters at most; with two hyphens and the hash 63 in all
_TAKEN = ("sthree-", "amzn-s3-demo-")  # beginnings that S3 keeps for itself


def bucket(account: str, region: str, project: str, stack: str, app: str) -> str:
    """`APP-STACK-HASH`: small letters, digits and single hyphens, at most 63, whatever the names hold.

    The hash is of all five, so that no two stacks of the world share a name, and nobody else's bucket has one of ours by chance.
    `account`: its number of 12 digits. `stack`: without organisation and project."""
    whole = json.dumps([account, region, project, stack, app])
    hashed = hashlib.sha256(whole.encode()).hexdigest()[:_DIGITS]
    name = "-".join(part for part in (_legal(app, _APP), _legal(stack, _STACK), hashed) if part)
    return f"x{name}"[:63] if name.startswith(_TAKEN) else name


def address(bucket: str, region: str) -> str:
    """The bucket as a store's address, for hosts and deployers alike."""
    return f"s3://{bucket}?region={region}"


def _legal(text: str, longest: int) -> str:
    """What S3 allows of it, without hyphens at either end."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:longest].strip("-")
