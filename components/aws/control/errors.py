"""Errors of AWS, or of the way to it, as one line each: where, what, and what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from components.errors import MissingError, SlipwayError

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
    return f"wanted leave for {wanted}, found none for {asker}; add it to that user's or role's policy (docs/targets/aws-ec2.md)"


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
