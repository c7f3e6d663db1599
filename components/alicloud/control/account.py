"""The user's own account, asked with the credentials that the aliyun command line would use.

Any operation by its name, in the form that all services have in common. Errors that a user can
cause are one line. `ALIBABA_CLOUD_ENDPOINT_URL` is another address for all services."""

import os
import re
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from components.errors import MissingError, SlipwayError, UsageError

_VERSIONS = {"ecs": "2014-05-26", "sts": "2015-04-01", "ram": "2015-05-01", "alb": "2020-06-16"}
_EVERYWHERE = {"ram": "ram.aliyuncs.com"}  # of no region
_PAGE = 100
_PAUSES = (1.0, 2.0, 4.0)  # seconds; the library itself tries once
_SAID = {
    "the credentials are over; log in again": r"(Security)?Token.?Expired|InvalidSecurityToken.Expired",
    "it doesn't know the credentials; see `aliyun configure list` for which are used": r"InvalidAccessKeyId|InvalidSecurityToken|Inactive",
    "it doesn't take the credentials; see `aliyun configure list` for which are used": r"SignatureDoesNotMatch|IncompleteSignature",
    "leave is wanted, and none given: add {action} to that user's or role's policy (docs/targets/alicloud-ecs.md)":
        r"Forbidden|NoPermission|UnauthorizedOperation|AccessDenied",
    "{action}: asked too often; wait a little, then run it again": r"Throttling",
}  # fmt: skip
_login: list[str | None] = [None]


class AlicloudError(SlipwayError):
    """The cloud answered with an error; `code` is its own name for it."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def sign_in(region: str, account: str | None, profile: str | None) -> None:
    """Everything from here on is asked as that, in that account: the stack's, one a process.

    Raises `UsageError` where the credentials are another account's."""
    if _login != [profile]:
        _login[:] = [profile]
        forget()
    if account and (found := number(region)) != account:
        how = "take that account's (ALIBABA_CLOUD_PROFILE, or slipway:alicloud-ecs.profile), or mend the setting"
        raise UsageError(f"slipway:alicloud-ecs.account: wanted {account}, found credentials of {found}; nothing was done; {how}")


def number(region: str) -> str:
    """The account's number, 16 digits. Raises `SlipwayError`."""
    return str(ask("sts", region, "GetCallerIdentity")["AccountId"])


def ask(service: str, region: str, action: str, **arguments: Any) -> dict[str, Any]:
    """The answer to one request, such as `ask("ecs", "ap-southeast-1", "DescribeVpcs")`.

    Raises `SlipwayError`; where the service answers with an error, an `AlicloudError`."""
    from alibabacloud_tea_openapi.utils_models import OpenApiRequest, Params
    from darabonba.runtime import RuntimeOptions

    how = Params(
        action=action, version=_VERSIONS[service], protocol="HTTPS", pathname="/", method="POST", auth_type="AK", style="RPC",
        req_body_type="formData", body_type="json",
    )  # fmt: skip
    request = OpenApiRequest(query=_flat({"RegionId": region, **arguments}))
    for pause in (*_PAUSES, None):
        try:
            body: dict[str, Any] = _client(service, region).call_api(how, request, RuntimeOptions())["body"]
        except Exception as error:  # noqa: BLE001  (of these libraries, whose errors have no kind of their own)
            told = _translated(error, f"{service}:{action}", region)
            if pause is None or not (isinstance(told, AlicloudError) and told.code.startswith(("Throttling", "ServiceUnavailable"))):
                raise told from None
            time.sleep(pause)
        else:
            break
    return body


def every(found: str, service: str, region: str, action: str, **arguments: Any) -> Iterator[Any]:
    """What is `found` (keys, joined by dots) in all pages of an answer; raises as `ask` does."""
    token = ""
    while True:
        page = ask(service, region, action, MaxResults=_PAGE, **({"NextToken": token} if token else {}), **arguments)
        token, inner = str(page.get("NextToken") or ""), page
        for key in found.split("."):
            inner = inner.get(key) or {}
        yield from inner
        if not token:
            return


def forget() -> None:
    """Credentials and addresses are looked for anew."""
    _client.cache_clear()


def _flat(given: Any, name: str = "") -> dict[str, str]:
    """Lists as `Tag.1.Key`, the way that these services take them."""
    if isinstance(given, dict):
        inner = [_flat(value, f"{name}.{key}" if name else key) for key, value in given.items()]
    elif isinstance(given, list | tuple):
        inner = [_flat(value, f"{name}.{place}") for place, value in enumerate(given, 1)]
    else:
        return {name: str(given).lower() if isinstance(given, bool) else str(given)}
    return {key: value for one in inner for key, value in one.items()}


@cache
def _client(service: str, region: str) -> Any:
    try:
        from alibabacloud_credentials.client import Client as Credentials
        from alibabacloud_credentials.provider import CLIProfileCredentialsProvider
        from alibabacloud_tea_openapi.client import Client
        from alibabacloud_tea_openapi.utils_models import Config
    except ModuleNotFoundError as error:
        raise MissingError(
            f"alicloud: needs the package {error.name}; run: .venv/bin/pip install -r requirements/alicloud-ecs.in"
        ) from None
    (profile,) = _login
    found = Credentials(provider=CLIProfileCredentialsProvider(profile_name=profile)) if profile else Credentials()
    own = re.match("(https?)://(.+)", os.environ.get("ALIBABA_CLOUD_ENDPOINT_URL", ""))
    protocol, place = own.groups() if own else ("https", _EVERYWHERE.get(service, f"{service}.{region}.aliyuncs.com"))
    times: dict[str, Any] = {"connect_timeout": 5000, "read_timeout": 30000}  # milliseconds
    return Client(Config(credential=found, region_id=region, endpoint=place, protocol=protocol, **times))


def _translated(error: Any, action: str, region: str) -> SlipwayError:
    if isinstance(error, SlipwayError):
        return error
    error = getattr(error, "inner_exception", None) or error  # what the library wraps: a way that failed, credentials
    where, kind, code = f"alicloud, {region}", type(error).__name__, str(getattr(error, "code", "") or "")
    data = getattr(error, "data", None)
    words = " ".join(str(data.get("Message", "") if isinstance(data, dict) else error).split())
    if kind == "CredentialException" or code == "InvalidCredentials":
        how = "run `aliyun configure`, or set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"
        of = f" for the profile {_login[0]!r} ({words[:160]})" if _login[0] else ""
        return MissingError(f"{where}: no credentials were found{of}; {how}")
    if not isinstance(data, dict):
        return SlipwayError(f"{where}: {action}: not reachable ({kind}); look at the network, a proxy, and ALIBABA_CLOUD_ENDPOINT_URL")
    said = next((said for said, pattern in _SAID.items() if re.match(pattern, code)), "")
    return AlicloudError(f"{where}: {said.format(action=action)} ({code})" if said else f"{where}: {action}: {code}: {words}", code)
