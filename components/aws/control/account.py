"""The user's own account on AWS: asked with the credentials that the AWS command line would use, in
one region at a time.

Profiles, single sign-on, the environment and AWS_ENDPOINT_URL are boto3's to find, but for what
`sign_in` was told. Errors that a user can cause are one line.
"""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from components.errors import MissingError, SlipwayError, UsageError

THROTTLED = "Throttling|RequestLimitExceeded|TooManyRequests"
_LOGIN = "run `aws configure` or `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_AGAIN = "log in again (`aws sso login`), or renew what AWS_SESSION_TOKEN came with"
_WHICH = "see with `aws configure list` which are used and whether the account has that region, and look at this machine's clock"
_NEXT = {
    "^(NoCredentials|PartialCredentials|ProfileNotFound)": _LOGIN,
    "InvalidClientTokenId|UnrecognizedClient|AuthFailure|InvalidAccessKeyId|OptInRequired|Signature|TimeTooSkewed": _WHICH,
    "Expired|TokenRefresh|SSO|Token|Login|Credential|^(Unauthorized|Forbidden)Exception": _AGAIN,
    "AccessDenied|UnauthorizedOperation": "add that to the user's or role's policy (docs/targets/{target}.md)",
    THROTTLED: "wait a little, then run it again",
    "Connect|Timeout|SSL|Proxy|HTTPClient": "look at the network, a proxy, and AWS_ENDPOINT_URL",
}
"""What to do, by AWS's name of an error, or by its library's: newer versions have more of them."""


class AwsError(SlipwayError):
    """AWS answered with an error; `code` is AWS's own name for it."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def translated(action: str, region: str) -> Iterator[None]:
    """Makes botocore's errors `SlipwayError`s. `action`: as in policies, `ec2:DescribeVpcs`."""
    try:
        yield
    except Exception as error:
        if not any(kind.__module__.startswith(("botocore", "boto3")) for kind in type(error).__mro__):
            raise
        response, kind = getattr(error, "response", None), type(error).__name__
        code = str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
        mend = next((how for signs, how in _NEXT.items() if re.search(signs, code or kind)), "").format(target=_target[0])
        line = f"aws, {region}: {action}: {' '.join(str(error).split())}" + (f"; {mend}" if mend else "")
        is_login = re.search("Credential|Profile|SSO|Token|Login", kind)
        raise (AwsError(line, code) if code else MissingError(line) if is_login else SlipwayError(line)) from None


_LOCK = threading.Lock()  # a session may be used by one thread at a time, what it makes by all
_PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds
_login: list[str | None] = [None]
_target = ["aws-ec2"]  # whose page errors name


def sign_in(region: str, account: str | None, profile: str | None, target: str = "aws-ec2") -> None:
    """Everything from here on is asked as that, in that account: the stack's, one a process.
    `target`: the name of its target, for errors.

    Raises `UsageError` where the credentials are another account's."""
    _target[0] = target
    if _login != [profile]:
        _login[:] = [profile]
        forget()
    if account and (found := number(region)) != account:
        how = f"take credentials of that account (AWS_PROFILE, or slipway:{target}.profile), or mend the setting"
        raise UsageError(f"slipway:{target}.account: wanted {account}, found credentials of {found}; nothing was done; {how}")


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
            if not re.search(THROTTLED, error.code):
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
        from boto3 import Session
        from botocore.config import Config
    except ModuleNotFoundError as error:
        raise MissingError(f"aws: needs the package {error.name}; run: .venv/bin/pip install -r requirements/{_target[0]}.in") from None
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return Session(profile_name=_login[0]).client(service, region, config=Config(connect_timeout=5, read_timeout=30, retries=retries))
