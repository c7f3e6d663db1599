"""What all buckets have in common, on the library obstore. Imported where a bucket is used: hosts with a folder need no library."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from ..base.outcome import Refused
from . import failures
from .contract import Conflict, Version

_LARGE = 1 << 20
_SECONDS = {"timeout": "8s"}
_MINUTES = {"timeout": "15m", "read_timeout": "30s"}
_RETRY = {"max_retries": 2, "retry_timeout": timedelta(seconds=10), "backoff": {"init_backoff": timedelta(milliseconds=200)}}
_NONE = "none"  # the tag of what isn't there

Client = Callable[[dict[str, Any], dict[str, Any]], Any]
"""Makes obstore's client from its `client_options` and `retry_config`."""


class Place:
    """An address taken apart: `s3://bucket/prefix?region=…`."""

    def __init__(self, address: str, options: tuple[str, ...]) -> None:
        parts = urlsplit(address)
        self.address, self.bucket, self.prefix = address, parts.netloc, parts.path.strip("/") or None
        self.options = dict(parse_qsl(parts.query))
        unknown = sorted(set(self.options) - set(options))
        if not self.bucket or unknown:
            found = f"the option {unknown[0]!r}" if unknown else "no bucket"
            raise Refused(f"store: {address}: wanted {parts.scheme}://BUCKET/PREFIX?{'&'.join(options)}, found {found}")

    @property
    def endpoint(self) -> str | None:
        return self.options.get("endpoint")


class Bucket:
    """Objects below a prefix. What is small is given seconds, for a host has more to do than wait; archives are given minutes."""

    lock_file: Path | None = None
    FIRST: ClassVar[dict[str, str]] = {}
    """Headers of their own for a request that must not overwrite."""

    def __init__(self, place: Place, client: Client) -> None:
        self.place = place
        plain = {"allow_http": (place.endpoint or "").startswith("http://"), "connect_timeout": "4s"}
        with self._told():
            self._small = client({**plain, **_SECONDS}, _RETRY)
            self._large = client({**plain, **_MINUTES}, _RETRY)
            self._first = client({**plain, **_SECONDS, "default_headers": self.FIRST}, _RETRY) if self.FIRST else self._small

    @property
    def address(self) -> str:
        return self.place.address

    def get(self, name: str) -> bytes | None:
        found = self._read(name)
        return found[0] if found else None

    def changed(self, name: str, tag: str) -> Version | None:
        import obstore
        from obstore.exceptions import NotModifiedError

        try:
            with self._told():
                found = obstore.get(self._small, name, options={"if_none_match": tag} if tag not in ("", _NONE) else {})
                return Version(bytes(found.bytes()), found.meta["e_tag"] or "")
        except NotModifiedError:
            return None
        except FileNotFoundError:
            return None if tag == _NONE else Version(None, _NONE)

    def file(self, name: str, place: Path) -> Path | None:
        import obstore

        part = place.with_name(f".{place.name}.part")
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._told(), open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                for chunk in obstore.get(self._large, name).stream():
                    file.write(chunk)
        except FileNotFoundError:
            return None
        else:
            part.rename(place)
            return place
        finally:
            part.unlink(missing_ok=True)

    def put(self, name: str, data: bytes) -> None:
        import obstore

        with self._told(writes=True):
            obstore.put(self._large if len(data) > _LARGE else self._small, name, data)

    def send(self, name: str, path: Path) -> None:
        import obstore

        with open(path, "rb") as file, self._told(writes=True):
            obstore.put(self._large, name, file)

    def create(self, name: str, data: bytes) -> None:
        self._put_if(name, data, "overwrite" if self.FIRST else "create")

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        if old is None:
            return self.create(name, new)
        found = self._read(name)
        if found is None or found[0] != old:
            raise Conflict(name)
        self._put_if(name, new, {key: found[1][key] for key in ("e_tag", "version") if found[1][key]})

    def names(self, folder: str) -> dict[str, float]:
        import obstore

        with self._told():
            found = [one for many in obstore.list(self._small, folder or None, chunk_size=1000) for one in many]
        return {one["path"]: one["last_modified"].timestamp() for one in sorted(found, key=lambda one: one["path"])}

    def modified(self, name: str) -> float | None:
        import obstore

        try:
            with self._told():
                return obstore.head(self._small, name)["last_modified"].timestamp()
        except FileNotFoundError:
            return None

    def delete(self, *names: str) -> None:
        import obstore

        with self._told():
            obstore.delete(self._small, list(names))

    def _read(self, name: str) -> tuple[bytes, Any] | None:
        import obstore

        try:
            with self._told():
                found = obstore.get(self._small, name)
                return bytes(found.bytes()), found.meta
        except FileNotFoundError:
            return None

    def _put_if(self, name: str, data: bytes, mode: Any) -> None:
        """A request whose answer was lost is sent again, and then meets what it wrote itself."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            with self._told(writes=True):
                obstore.put(self._first, name, data, mode=mode, use_multipart=False)
        except (AlreadyExistsError, PreconditionError):
            if self.get(name) != data:
                raise Conflict(name) from None

    @contextmanager
    def _told(self, writes: bool = False) -> Iterator[None]:
        """What isn't an answer is told in a line. Where something is written, only the bucket itself can be missing."""
        try:
            yield
        except Exception as error:
            away = failures.away(self.address, error, "NoSuchBucket" if writes and isinstance(error, FileNotFoundError) else "")
            if away is None:
                raise
            raise away from None
