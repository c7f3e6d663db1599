"""The user's own account on AWS: asked with the credentials that the AWS command line would use, in one region at a time.

Profiles, single sign-on, the environment and AWS_ENDPOINT_URL are boto3's to find. What a user can be the cause of is told in one line.
"""

import difflib
import threading
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from components.aws.control.refusals import OFTEN, Refused, told
from components.errors import MissingError, UsageError

_LOCK = threading.Lock()  # a session may be used by one thread at a time, what it makes by all
_PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds


def number(region: str) -> str:
    """The account's number, 12 digits. Raises `SlipwayError`."""
    return str(ask("sts", region, "GetCallerIdentity")["Account"])


def ask(service: str, region: str, action: str, **arguments: Any) -> dict[str, Any]:
    """The answer to one request, such as `ask("ec2", "eu-west-1", "DescribeVpcs")`.

    Raises `SlipwayError`; where the service answers with an error it is a `components.aws.control.refusals.Refused`, which has its code."""
    return _answer(_client(service, region), service, region, action, arguments)


def ask_once(service: str, region: str, action: str, **arguments: Any) -> dict[str, Any]:
    """As `ask`, for what would be done twice if it was sent twice: sent again only where AWS refused it for asking too often."""
    client = _client(service, region, 1)
    for pause in (*_PAUSES, None):
        try:
            return _answer(client, service, region, action, arguments)
        except Refused as refused:
            if refused.code not in OFTEN or pause is None:
                raise
            time.sleep(pause)
    raise AssertionError("the last try raises")


def pages(service: str, region: str, action: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """The answer to a request that comes in pages; errors as `ask` has them."""
    client = _client(service, region)
    from botocore import xform_name

    with told(f"{service}:{action}", region):
        yield from client.get_paginator(xform_name(action)).paginate(**arguments)


def forget() -> None:
    """Credentials and addresses are looked for anew."""
    _made.cache_clear()


def _answer(client: Any, service: str, region: str, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
    from botocore import xform_name

    with told(f"{service}:{action}", region):
        found: dict[str, Any] = getattr(client, xform_name(action))(**arguments)
        return found


def _client(service: str, region: str, attempts: int = 5) -> Any:
    with _LOCK, told(service, region):
        return _made(service, region, attempts)


@cache
def _made(service: str, region: str, attempts: int) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ModuleNotFoundError as error:
        raise MissingError(f"aws: needs the package {error.name}; run: .venv/bin/pip install -r requirements/aws-ec2.txt") from None
    session = boto3.Session(region_name=region)
    _check(region, session)
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return session.client(service, config=Config(connect_timeout=5, read_timeout=30, retries=retries))


def _check(region: str, session: Any) -> None:
    """Asking a region that isn't there would take long, and say little."""
    known = [name for part in session.get_available_partitions() for name in session.get_available_regions("ec2", part)]
    if region not in known:
        near = difflib.get_close_matches(region, known, n=3)
        hint = f"perhaps you meant {' or '.join(near)}" if near else "see `aws ec2 describe-regions`"
        raise UsageError(f"aws: wanted a region of AWS, found {region!r}; {hint} (a newer one: pip install -U boto3)")
