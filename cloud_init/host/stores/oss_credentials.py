"""Credentials for OSS: the environment's, its command line's, or a server's RAM role."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

METADATA = "http://100.100.100.200"
_NAMES = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
_SECONDS = 3


class NoCredentials(Exception):
    """No role was found; obstore hands the line on as a refusal to authenticate."""


def find(environment: Mapping[str, str] = os.environ, home: Path | None = None, metadata: str = METADATA) -> Any:
    """A credential provider for obstore, which calls it each time that it needs new ones."""
    key, secret, token = (environment.get(f"ALIBABA_CLOUD_{name}") for name in _NAMES)
    given = _credentials(key, secret, token) if key and secret else _of_profile(environment, home or Path.home())
    return (lambda: given) if given else _Role(metadata)


def _of_profile(environment: Mapping[str, str], home: Path) -> dict[str, Any] | None:
    """The credentials of a profile with a key of its own."""
    try:
        config = json.loads((home / ".aliyun/config.json").read_text(encoding="utf-8"))
        name = environment.get("ALIBABA_CLOUD_PROFILE") or config["current"]
        profile = next(one for one in config["profiles"] if one["name"] == name)
        if profile.get("mode") in ("AK", "StsToken"):
            return _credentials(profile["access_key_id"], profile["access_key_secret"], profile.get("sts_token"))
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return None
    return None


def _credentials(key: str, secret: str, token: str | None, ends: datetime | None = None) -> dict[str, Any]:
    return {"access_key_id": key, "secret_access_key": secret, "token": token or None, "expires_at": ends}


class _Role:
    """The role of this server. It is asked with a token, as hardened servers want it."""

    def __init__(self, metadata: str) -> None:
        self.metadata = metadata

    def __call__(self) -> dict[str, Any]:
        try:
            token = self._ask("/latest/api/token", "PUT", {"X-aliyun-ecs-metadata-token-ttl-seconds": "60"})
            headers = {"X-aliyun-ecs-metadata-token": token}
            role = self._ask("/latest/meta-data/ram/security-credentials/", "GET", headers).strip().split("\n")[0]
            keys = json.loads(self._ask(f"/latest/meta-data/ram/security-credentials/{role}", "GET", headers))
            ends = datetime.strptime(keys["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc) - timedelta(minutes=5)
            return _credentials(keys["AccessKeyId"], keys["AccessKeySecret"], keys["SecurityToken"], ends)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoCredentials(f"no RAM role was found here ({type(error).__name__})") from None

    def _ask(self, path: str, method: str, headers: dict[str, str]) -> str:
        request = urllib.request.Request(self.metadata + path, method=method, headers=headers)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy stands between a server and its metadata
        with direct.open(request, timeout=_SECONDS) as answer:
            return str(answer.read(65536).decode())
