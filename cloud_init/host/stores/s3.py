"""Amazon S3, and services with its API and conditional writes: `s3://bucket/prefix?region=…&endpoint=…`;
for a deployer `profile=…&role=…` too.

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

    place = BucketAddress(address, ("region", "endpoint", "profile", "role"))
    login = [place.options.pop(name, None) for name in ("profile", "role")]
    if own := os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        place.options.setdefault("endpoint", own)
    given: dict[str, Any] = {name: value for name, value in place.options.items() if value}
    given |= {"credential_provider": _user(address, *login)} if find_spec("boto3") else {}
    return Bucket(place, S3Store, **given)


def session(profile: Optional[str], role: Optional[str]) -> Any:
    """boto3's, with the AWS command line's credentials, or those of a role that they may assume."""
    import boto3
    from botocore import credentials, exceptions
    from botocore.session import Session

    own = boto3.Session(profile_name=profile)
    if not role:
        return own
    if own.get_credentials() is None:
        raise exceptions.NoCredentialsError
    make, given = own._session.create_client, {"RoleSessionName": "slipway"}
    fetcher = credentials.AssumeRoleCredentialFetcher(make, own.get_credentials(), role, extra_args=given)
    inner = Session(profile=profile)
    inner._credentials = credentials.DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
    return boto3.Session(botocore_session=inner)


def _user(place: str, profile: Optional[str], role: Optional[str]) -> Any:
    from botocore.exceptions import BotoCoreError
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        return Boto3CredentialProvider(session(profile, role))
    except (ValueError, BotoCoreError) as error:
        why = f" ({error})" if isinstance(error, BotoCoreError) else ""
        raise Away(f"store: {place.partition('?')[0]}: no AWS credentials were found{why}; log in (aws configure, aws sso login)") from None
