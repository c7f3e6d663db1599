"""Amazon S3, and services with its API and conditional writes: `s3://bucket/prefix?region=…&endpoint=…`;
for a deployer `profile=…` too.

The default endpoint is in AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, as for all of Amazon's own
tools. Credentials: on the deploying side, if boto3 is installed, as the AWS command line finds them
(profiles and single sign-on too); on a server by its environment, its container, or its instance's
role."""

import os
from importlib.util import find_spec
from typing import Any, Optional

from . import Away, Store
from .bucket import Bucket, BucketAddress


def connect(address: str) -> Store:
    from obstore.store import S3Store

    place = BucketAddress(address, ("region", "endpoint", "profile"))
    profile = place.options.pop("profile", None)
    if own := os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        place.options.setdefault("endpoint", own)
    given: dict[str, Any] = {name: value for name, value in place.options.items() if value}
    given |= {"credential_provider": _user(address, profile)} if find_spec("boto3") else {}
    return Bucket(place, S3Store, **given)


def _user(place: str, profile: Optional[str]) -> Any:
    from boto3 import Session
    from botocore.exceptions import BotoCoreError
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        return Boto3CredentialProvider(Session(profile_name=profile))
    except (ValueError, BotoCoreError) as error:
        why = f" ({error})" if isinstance(error, BotoCoreError) else ""
        raise Away(f"store: {place.partition('?')[0]}: no AWS credentials were found{why}; log in (aws configure, aws sso login)") from None
