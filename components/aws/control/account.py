"""The user's own account on AWS: asked with the credentials that the AWS command line would use, in
one region at a time.

Profiles, single sign-on, the environment and AWS_ENDPOINT_URL are boto3's to find, but for what
`sign_in` was told. Errors that a user can cause are one line.
"""

import threading
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from components.aws.control.errors import THROTTLED, AwsError, translated
from components.errors import MissingError, UsageError

_LOCK = threading.Lock()  # a session may be used by one thread at a time, what it makes by all
_PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds
_login: list[str | None] = [None, None]


def sign_in(region: str, account: str | None, profile: str | None, role: str | None) -> None:
    """Everything from here on is asked as that, in that account: the stack's, one a process.

    Raises `UsageError` where the credentials are another account's."""
    if _login != [profile, role]:
        _login[:] = profile, role
        forget()
    if account and (found := number(region)) != account:
        how = "take credentials of that account (AWS_PROFILE, or slipway:aws-ec2.profile or .role), or mend the setting"
        raise UsageError(f"slipway:aws-ec2.account: wanted {account}, found credentials of {found}; nothing was done; {how}")


def number(region: str) -> str:
    """The account's number, 12 digits. Raises `SlipwayError`."""
    return str(ask("sts", region, "GetCallerIdentity")["Account"])


def ask(service: str, region: str, action: str, **arguments: Any) -> dict[str, Any]:
    """The answer to one request, such as `ask("ec2", "eu-west-1", "DescribeVpcs")`.

    Raises `SlipwayError`; where the service answers with an error, an `AwsError`, which has its
    code."""
    return _answer(_client(service, region), service, region, action, arguments)


def ask_once(service: str, region: str, action: str, **arguments: Any) -> dict[str, Any]:
    """Like `ask`, for what must not happen twice: sent again only where AWS was asked too often."""
    client = _client(service, region, 1)
    for pause in _PAUSES:
        try:
            return _answer(client, service, region, action, arguments)
        except AwsError as error:
            if error.code not in THROTTLED:
                raise
            time.sleep(pause)
    return _answer(client, service, region, action, arguments)


def every(found: str, service: str, region: str, action: str, **arguments: Any) -> Iterator[Any]:
    """What is `found` (JMESPath) in all pages of an answer; raises as `ask` does."""
    client = _client(service, region)
    from botocore import xform_name

    with translated(f"{service}:{action}", region):
        yield from client.get_paginator(xform_name(action)).paginate(**arguments).search(found)


def forget() -> None:
    """Credentials and addresses are looked for anew."""
    _made.cache_clear()


def _answer(client: Any, service: str, region: str, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
    from botocore import xform_name

    with translated(f"{service}:{action}", region):
        answer: dict[str, Any] = getattr(client, xform_name(action))(**arguments)
        return answer


def _client(service: str, region: str, attempts: int = 5) -> Any:
    with _LOCK, translated(service, region):
        return _made(service, region, attempts)


@cache
def _made(service: str, region: str, attempts: int) -> Any:
    try:
        from botocore.config import Config

        from cloud_init.host.stores import s3
    except ModuleNotFoundError as error:
        raise MissingError(f"aws: needs the package {error.name}; run: .venv/bin/pip install -r requirements/aws-ec2.in") from None
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return s3.session(*_login).client(service, region, config=Config(connect_timeout=5, read_timeout=30, retries=retries))
