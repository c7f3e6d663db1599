"""Alibaba Cloud OSS by its S3 API: `oss://bucket/prefix?region=cn-hangzhou` (`endpoint` for its
address in a network, or a domain of the bucket's own; `profile` of the cloud's command line).

OSS can create an object on condition that there is none (`x-oss-forbid-overwrite`, which a bucket
with versions ignores: a release store has none), but can't overwrite on condition. So an object
that is replaced is a chain: to replace `old` is to create `NAME.after/HASH`, with the hash of
`old`, holding the new bytes; one writer alone can. The object itself is written after that. It may
be behind, or be put back by a writer that slept, so that a reader goes on along the chain.
Therefore bytes must never come again: they hold a generation or a time.

Credentials: the profile's, the environment's, those of its command line, or a server's RAM role."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Optional

from . import Away, Conflict, Store, Version, oss_access
from .bucket import Bucket, BucketAddress

_KEYS = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
_LINK_STAYS = 30 * 86400.0  # seconds that a link of the chain stays: longer than any deployer sleeps


def connect(address: str) -> Store:
    from obstore.store import S3Store

    place = BucketAddress(address, ("region", "endpoint", "profile"))
    access = oss_access.options(place.bucket, place.options)
    user = _user(place.options.get("profile"))
    plain = {"disable_bulk_delete": True, "disable_tagging": True}
    return ChainedBucket(place, S3Store, credential_provider=user or oss_access.role, **plain, **access)


class ChainedBucket(Bucket):
    """A bucket whose only condition for a write is that there is no object yet."""

    FIRST: ClassVar[dict[str, str]] = {"x-oss-forbid-overwrite": "true"}

    def get(self, name: str) -> Optional[bytes]:
        return self._newest(name, super().get(name))

    def changed(self, name: str, tag: str) -> Optional[Version]:
        version = super().changed(name, tag)
        return version and Version(self._newest(name, version.data), version.tag)

    def replace(self, name: str, old: Optional[bytes], new: bytes) -> None:
        if old is None:
            return self.create(name, new)
        shown = super().get(name)
        newest = self._newest(name, shown)
        if newest is not None and newest != shown:  # its writer is gone; hosts look at the object alone
            self.put(name, newest)
        if newest != old:
            raise Conflict(name)
        self.create(_link(name, old), new)
        self.put(name, new)
        links = self.names(f"{name}.after/")
        gone = [link for link, at in links.items() if max(links.values()) - at > _LINK_STAYS]
        if gone:
            self.delete(*gone)

    def _newest(self, name: str, data: Optional[bytes]) -> Optional[bytes]:
        """The bytes at the end of the chain. An object in a folder has none."""
        while data is not None and "/" not in name and (after := super().get(_link(name, data))) is not None:
            data = after
        return data


def _user(wanted: Optional[str] = None) -> Any:
    """A provider of the user's own keys, of the environment or a profile; None: there are none.
    Raises `Away` where the `wanted` profile has none."""
    key, secret, token = (os.environ.get(f"ALIBABA_CLOUD_{name}") for name in _KEYS)
    if wanted or not (key and secret):
        key = None
        with suppress(OSError, ValueError, KeyError, TypeError, StopIteration):
            config = json.loads((Path.home() / ".aliyun/config.json").read_text(encoding="utf-8"))
            name = wanted or os.environ.get("ALIBABA_CLOUD_PROFILE") or config["current"]
            profile = next(one for one in config["profiles"] if one["name"] == name and one.get("mode") in ("AK", "StsToken"))
            key, secret, token = profile["access_key_id"], profile["access_key_secret"], profile.get("sts_token")
    if wanted and not key:
        raise Away(
            f"store: wanted a profile {wanted!r} with keys (AK or StsToken) in ~/.aliyun/config.json, found none; run `aliyun configure`"
        )
    given = oss_access.credentials(key, secret, token) if key and secret else None
    return given and (lambda: given)


def _link(name: str, data: bytes) -> str:
    return f"{name}.after/{hashlib.sha256(data).hexdigest()}"
