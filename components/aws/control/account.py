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

_LOGIN = "run `aws configure` or `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_AGAIN = "log in again (`aws sso login`), or renew what AWS_SESSION_TOKEN came with"
_WHICH = "see with `aws configure list` which are used"
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation"}
THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
_SAID = {
    f"the credentials are over ({{code}}); {_AGAIN}": {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"},
    f"it doesn't know the credentials ({{code}}); {_WHICH}, and whether the account has that region enabled": {
        "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId", "OptInRequired",
    },
    f"it doesn't take the credentials ({{code}}); {_WHICH}, and look at this machine's clock": {
        "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "RequestTimeTooSkewed",
    },
    "{action}: asked too often ({code}); wait a little, then run it again": THROTTLED,
}  # fmt: skip
_NO_LOGIN = {"UnauthorizedException", "ForbiddenException"}  # of single sign-on, as credentials are fetched


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
        response, where = getattr(error, "response", None), f"aws, {region}"
        code = str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
        raise (AwsError(f"{where}: {_answered(error, code, action)}", code) if code else _unanswered(error, action, where)) from None


def _answered(error: Any, code: str, action: str) -> str:
    words = " ".join(str(error.response["Error"].get("Message", "")).split())
    for said, codes in _SAID.items():
        if code in codes:
            return said.format(code=code, action=action)
    if code in _NO_LOGIN and error.operation_name == "GetRoleCredentials":
        return f"single sign-on gives no credentials ({code}); {_AGAIN}"
    if code in _DENIED:
        return _denied(words, action if error.operation_name == action.partition(":")[2] else error.operation_name)
    return f"{action}: {code}: {words}" if words else f"{action}: {code}"


def _denied(words: str, action: str) -> str:
    """AWS may name who asked, and for what."""
    who = re.search(r"User: (\S+) is not", words)
    what = re.search(r"perform: ([\w-]+:\w+)", words)
    wanted, asker = what[1] if what else action, who[1] if who else "these credentials"
    return f"wanted leave for {wanted}, found none for {asker}; add it to that user's or role's policy (docs/targets/{_target[0]}.md)"


def _unanswered(error: Any, action: str, where: str) -> SlipwayError:
    """Told apart by the class's name, since newer versions of botocore have more classes."""
    name = type(error).__name__
    if name in ("NoCredentialsError", "PartialCredentialsError"):
        return MissingError(f"{where}: no credentials were found; {_LOGIN}")
    if name == "ProfileNotFound":
        profile = error.kwargs["profile"]
        return MissingError(f"{where}: there is no profile {profile!r}; set AWS_PROFILE to one that `aws configure list-profiles` names")
    if re.search(r"SSO|Token|Login|Credential", name):
        return MissingError(f"{where}: the login is over or never was ({name}); {_AGAIN}")
    if re.search(r"Connect|Timeout|SSL|Proxy|HTTPClient", name):
        return SlipwayError(f"{where}: {action}: not reachable ({name}); look at the network, a proxy, and AWS_ENDPOINT_URL")
    return SlipwayError(f"{where}: {action}: {' '.join(str(error).split())}")


_LOCK = threading.Lock()  # a session may be used by one thread at a time, what it makes by all
_PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds
_login: list[str | None] = [None, None]
_target = ["aws-ec2"]  # whose words errors have


def sign_in(region: str, account: str | None, profile: str | None, role: str | None, target: str = "aws-ec2") -> None:
    """Everything from here on is asked as that, in that account: the stack's, one a process.
    `target`: the name of its target, for errors.

    Raises `UsageError` where the credentials are another account's."""
    _target[0] = target
    if _login != [profile, role]:
        _login[:] = profile, role
        forget()
    if account and (found := number(region)) != account:
        how = f"take credentials of that account (AWS_PROFILE, or slipway:{target}.profile or .role), or mend the setting"
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
        raise MissingError(f"aws: needs the package {error.name}; run: .venv/bin/pip install -r requirements/{_target[0]}.in") from None
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return s3.session(*_login).client(service, region, config=Config(connect_timeout=5, read_timeout=30, retries=retries))
