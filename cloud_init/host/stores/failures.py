"""Errors of obstore, and the services' codes in them, as one line each."""

from __future__ import annotations

import re

from .contract import Away

_CODES = {
    "RequestTimeTooSkewed": ("the clock of this machine is wrong", "set it (timedatectl set-ntp true)"),
    "NoSuchBucket": ("there is no such bucket", "look at its name and region"),
    "InvalidAccessKeyId": ("it doesn't know the credentials", "log in again"),
    "SignatureDoesNotMatch": ("it doesn't take the credentials", "log in again"),
    "ExpiredToken": ("the credentials are over", "log in again"),
    "InvalidToken": ("it doesn't take the credentials", "log in again"),
    "InvalidSecurity": ("it doesn't take the credentials", "log in again"),
    "InvalidSecurityToken": ("it doesn't take the credentials", "log in again"),
    "SecurityTokenExpired": ("the credentials are over", "log in again"),
    "PermanentRedirect": ("the bucket is in another region", "give that one"),
    "AuthorizationHeaderMalformed": ("the bucket is in another region", "give that one"),
    "AccessDenied": ("it refuses (AccessDenied)", "this user or role needs leave to read and write there"),
}
_ANSWERS = ("AlreadyExistsError", "PreconditionError", "NotModifiedError")
# Addresses that credentials come from: a server's role, a container's, a federation's.
_ROLES = re.compile(
    r"/latest/(api|meta-data)|/computeMetadata|169\.254\.1|100\.100\.100\.200|/v2/credentials|sts\.|oauth2|credential", re.I
)


def away(address: str, error: Exception, code: str = "") -> Away | None:
    """The failure to raise for an error; None for one that is an answer, or not the library's."""
    text = str(error)
    named = re.search(r"<Code>(\w+)</Code>", text)
    code = code or (named.group(1) if named else "")
    ours = type(error).__module__.startswith("obstore") and type(error).__name__ not in _ANSWERS
    if not ours and code != "NoSuchBucket":
        return None
    reason, mend = _CODES.get(code) or _unnamed(type(error).__name__, text, code)
    return Away(f"store: {address.partition('?')[0]}: {reason}; {mend}, then run it again")


def _unnamed(name: str, text: str, code: str) -> tuple[str, str]:
    status = re.search(r"status code: (\d+)", text)
    first = text.partition("\n")[0].partition(" - ")[0]
    if name == "UnauthenticatedError" or (status is None and _ROLES.search(first)):
        return "no credentials were found", "log in, or give this server a role that may use it"
    if status and _ROLES.search(first):
        return f"no credentials were given ({status.group(1)})", "give this server a role that may use it"
    if status and status.group(1) in ("401", "403"):
        return f"it refuses ({code or status.group(1)})", "this user or role needs leave to read and write there"
    if "redirect without LOCATION" in text:
        return _CODES["PermanentRedirect"]
    if status:
        return f"it answers {status.group(1)} {code}".rstrip(), "wait a little"
    if "HTTP error" in text or "error sending request" in text or "timed out" in text:
        return "not reachable", "look at the network and the address"
    return " ".join(text.partition("Debug source")[0].split())[:200], "mend that"
