"""Amazon S3, and services with its API and conditional writes: `s3://bucket/prefix?region=…&endpoint=…`.

The default endpoint is in AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, as for all of Amazon's own
tools. Credentials: on the deploying side, if boto3 is installed, as the AWS command line finds them
(profiles and single sign-on too); on a server by its environment, its container, or its instance's
role.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from .bucket import Bucket, BucketAddress
from .contract import Away, Store


def connect(address: str) -> Store:
    """The bucket at that address."""
    from obstore.store import S3Store

    place = BucketAddress(address, ("region", "endpoint"))
    if own := os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        place.options.setdefault("endpoint", own)
    given: dict[str, Any] = {name: value for name, value in place.options.items() if value}
    given |= {"credential_provider": _user(address)} if find_spec("boto3") else {}

    def client(options: Any, retry: Any) -> Any:
        return S3Store(place.bucket, prefix=place.prefix, client_options=options, retry_config=retry, **given)

    return Bucket(place, client)


def _user(address: str) -> Any:
    from botocore.exceptions import BotoCoreError
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        return Boto3CredentialProvider()
    except (ValueError, BotoCoreError) as error:
        why = f" ({error})" if isinstance(error, BotoCoreError) else ""
        raise Away(
            f"store: {address.partition('?')[0]}: no AWS credentials were found{why}; log in (aws configure, aws sso login)"
        ) from None
