"""Alibaba Cloud OSS by its S3 API: `oss://bucket/prefix?region=cn-hangzhou` (`endpoint` for its
address in a network).

OSS can create an object on condition that there is none (`x-oss-forbid-overwrite`, which a bucket
with versions ignores: a release store has none), but can't overwrite on condition. So an object
that is replaced is a chain: to replace `old` is to create `NAME.after/HASH`, with the hash of
`old`, holding the new bytes; one writer alone can. The object itself is written after that. It may
be behind, or be put back by a writer that slept, so that a reader goes on along the chain.
Therefore bytes must never come again: they hold a generation or a time.
"""

from __future__ import annotations

import hashlib
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import urlsplit

from . import oss_credentials
from .bucket import Bucket, BucketAddress
from .contract import Conflict, Store, Version

_LINK_STAYS = 30 * 86400.0  # seconds that a link of the chain stays: longer than any deployer sleeps


def connect(address: str) -> Store:
    """The bucket at that address."""
    place = BucketAddress(address, ("region", "endpoint"))
    region = place.options.get("region", "cn-hangzhou")
    endpoint, by_name = _endpoint(place, region)
    credentials = oss_credentials.find()

    def client(options: dict[str, Any], retry: dict[str, Any]) -> Any:
        from obstore.store import S3Store

        return S3Store(
            place.bucket, prefix=place.prefix, region=region, endpoint=endpoint, virtual_hosted_style_request=by_name,
            disable_bulk_delete=True, disable_tagging=True, credential_provider=credentials,
            client_options=options, retry_config=retry,  # type: ignore[arg-type]
        )  # fmt: skip

    return ChainedBucket(place, client)


def _endpoint(place: BucketAddress, region: str) -> tuple[str, bool]:
    """The endpoint, and whether the bucket is in its name: an IP address has no room for it."""
    parts = urlsplit(place.options.get("endpoint") or f"https://s3.oss-{region}.aliyuncs.com")
    try:
        ip_address(parts.hostname or "")
    except ValueError:
        return f"{parts.scheme}://{place.bucket}.{parts.netloc}", True
    return parts.geturl(), False


class ChainedBucket(Bucket):
    """A bucket whose only condition for a write is that there is no object yet."""

    FIRST: ClassVar[dict[str, str]] = {"x-oss-forbid-overwrite": "true"}

    def get(self, name: str) -> bytes | None:
        return self._newest(name, super().get(name))

    def changed(self, name: str, tag: str) -> Version | None:
        version = super().changed(name, tag)
        return version and Version(self._newest(name, version.data), version.tag)

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        if old is None:
            return self.create(name, new)
        self._catch_up(name)
        if self.get(name) != old:
            raise Conflict(name)
        self.create(_link(name, old), new)
        self.put(name, new)
        self._forget(name)

    def _newest(self, name: str, data: bytes | None) -> bytes | None:
        """The bytes at the end of the chain. An object in a folder has none."""
        while data is not None and "/" not in name and (after := super().get(_link(name, data))) is not None:
            data = after
        return data

    def _catch_up(self, name: str) -> None:
        """Finishes the replacement of a writer that is gone: hosts look at the object alone."""
        shown = super().get(name)
        newest = self._newest(name, shown)
        if newest is not None and newest != shown:
            self.put(name, newest)

    def _forget(self, name: str) -> None:
        links = self.names(f"{name}.after/")
        newest = max(links.values(), default=0.0)
        old = [link for link, at in links.items() if newest - at > _LINK_STAYS]
        if old:
            self.delete(*old)


def _link(name: str, data: bytes) -> str:
    return f"{name}.after/{hashlib.sha256(data).hexdigest()}"
