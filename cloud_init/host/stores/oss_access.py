"""OSS by a server's RAM role. A bare server gets this file, so it imports nothing of ours."""

import json
import urllib.request
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from typing import Any, Optional
from urllib.parse import urlsplit

METADATA = "http://100.100.100.200"
_SECONDS = 3


class NoCredentials(Exception):
    """No role was found; obstore hands the line on as a refusal to authenticate."""


def options(bucket: str, given: Mapping[str, str]) -> dict[str, Any]:
    """obstore's options of an S3 client. The bucket is in the endpoint's name, but an IP address
    has no room for it; and a name that isn't the cloud's is a domain of the bucket's own."""
    region = given.get("region", "cn-hangzhou")
    parts = urlsplit(given.get("endpoint") or f"https://s3.oss-{region}.aliyuncs.com")
    try:
        ip_address(parts.hostname or "")
        by_name, endpoint = False, parts.geturl()
    except ValueError:
        is_own = not f".{parts.hostname}".endswith(".aliyuncs.com")
        by_name, endpoint = True, parts.geturl() if is_own else f"{parts.scheme}://{bucket}.{parts.netloc}"
    return {"region": region, "endpoint": endpoint, "virtual_hosted_style_request": by_name}


def role() -> dict[str, Any]:
    """obstore's credentials by this server's role, with a token. Raises `NoCredentials`."""
    try:
        token = _ask("/latest/api/token", "PUT", {"X-aliyun-ecs-metadata-token-ttl-seconds": "60"})
        headers = {"X-aliyun-ecs-metadata-token": token}
        name = _ask("/latest/meta-data/ram/security-credentials/", "GET", headers).strip().split("\n")[0]
        keys = json.loads(_ask(f"/latest/meta-data/ram/security-credentials/{name}", "GET", headers))
        ends = datetime.strptime(keys["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc) - timedelta(minutes=5)
        return credentials(keys["AccessKeyId"], keys["AccessKeySecret"], keys["SecurityToken"], ends)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoCredentials(f"no RAM role was found here ({type(error).__name__})") from None


def credentials(key: str, secret: str, token: Optional[str], ends: Optional[datetime] = None) -> dict[str, Any]:
    """The mapping that obstore wants of a credential provider; `ends`: when it asks again."""
    return {"access_key_id": key, "secret_access_key": secret, "token": token or None, "expires_at": ends}


def _ask(path: str, method: str, headers: dict[str, str]) -> str:
    request = urllib.request.Request(METADATA + path, method=method, headers=headers)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy stands between a server and its metadata
    with direct.open(request, timeout=_SECONDS) as answer:
        return str(answer.read(65536).decode())
