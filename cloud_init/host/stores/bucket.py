"""The common part of all buckets, on the library obstore, which folders don't need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from ..base.files import private_file, replacing
from ..base.outcome import Refused
from . import failures
from .contract import Conflict, Version

_LARGE = 1 << 20
_SECONDS = {"timeout": "8s"}
_MINUTES = {"timeout": "15m", "read_timeout": "30s"}
_NONE = "none"  # the tag of an object that isn't there

Client = Callable[[dict[str, Any], dict[str, Any]], Any]
"""Makes obstore's client from its `client_options` and `retry_config`."""


def retry(times: int, seconds: int, pause: int) -> dict[str, Any]:
    """obstore's `retry_config`. `seconds`: for all tries. `pause`: milliseconds before a second."""
    backoff = {"init_backoff": timedelta(milliseconds=pause)}
    return {"max_retries": times, "retry_timeout": timedelta(seconds=seconds), "backoff": backoff}


class BucketAddress:
    """The parts of an address such as `s3://bucket/prefix?region=…`. Raises `Refused`."""

    def __init__(self, address: str, options: tuple[str, ...]) -> None:
        parts = urlsplit(address)
        self.address, self.bucket, self.prefix = address, parts.netloc, parts.path.strip("/") or None
        self.options = dict(parse_qsl(parts.query))
        unknown = sorted(set(self.options) - set(options))
        if not self.bucket or unknown:
            found = f"the option {unknown[0]!r}" if unknown else "no bucket"
            raise Refused(f"store: {address}: wanted {parts.scheme}://BUCKET/PREFIX?{'&'.join(options)}, found {found}")


class Bucket:
    """Objects below a prefix. A small one gets seconds, an archive minutes."""

    lock_file: Path | None = None
    FIRST: ClassVar[dict[str, str]] = {}
    """Headers for a request that must not overwrite, of a service that needs them."""
    RETRY: ClassVar[dict[str, Any]] = retry(2, 10, 200)

    def __init__(self, place: BucketAddress, client: Client) -> None:
        import obstore  # the deploying side and servers with a bucket have it, other hosts don't

        self._obstore: Any = obstore
        self.place = place
        plain = {"allow_http": place.options.get("endpoint", "").startswith("http://"), "connect_timeout": "4s"}
        with self._raising_away():
            self._small = client({**plain, **_SECONDS}, self.RETRY)
            self._large = client({**plain, **_MINUTES}, self.RETRY)
            self._first = client({**plain, **_SECONDS, "default_headers": self.FIRST}, self.RETRY) if self.FIRST else self._small

    @property
    def address(self) -> str:
        return self.place.address

    def get(self, name: str) -> bytes | None:
        read = self._read(name)
        return read[0] if read else None

    def changed(self, name: str, tag: str) -> Version | None:
        from obstore.exceptions import NotModifiedError

        try:
            with self._raising_away():
                answer = self._obstore.get(self._small, name, options={"if_none_match": tag} if tag not in ("", _NONE) else {})
                return Version(bytes(answer.bytes()), answer.meta["e_tag"] or "")
        except NotModifiedError:
            return None
        except FileNotFoundError:
            return None if tag == _NONE else Version(None, _NONE)

    def file(self, name: str, place: Path) -> Path | None:
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._raising_away(), replacing(place) as part, open(part, "wb", opener=private_file) as file:
                for chunk in self._obstore.get(self._large, name).stream():
                    file.write(chunk)
        except FileNotFoundError:
            return None
        return place

    def put(self, name: str, data: bytes) -> None:
        with self._raising_away(writes=True):
            self._obstore.put(self._large if len(data) > _LARGE else self._small, name, data)

    def send(self, name: str, path: Path) -> None:
        with open(path, "rb") as file, self._raising_away(writes=True):
            self._obstore.put(self._large, name, file)

    def create(self, name: str, data: bytes) -> None:
        self._put_if(name, data, "overwrite" if self.FIRST else "create")

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        if old is None:
            return self.create(name, new)
        read = self._read(name)
        if read is None or read[0] != old:
            raise Conflict(name)
        self._put_if(name, new, {key: read[1][key] for key in ("e_tag", "version") if read[1][key]})

    def names(self, folder: str) -> dict[str, float]:
        with self._raising_away():
            objects = [one for many in self._obstore.list(self._small, folder or None, chunk_size=1000) for one in many]
        return {one["path"]: one["last_modified"].timestamp() for one in sorted(objects, key=lambda one: one["path"])}

    def modified(self, name: str) -> float | None:
        try:
            with self._raising_away():
                return float(self._obstore.head(self._small, name)["last_modified"].timestamp())
        except FileNotFoundError:
            return None

    def delete(self, *names: str) -> None:
        with self._raising_away():
            self._obstore.delete(self._small, list(names))

    def _read(self, name: str) -> tuple[bytes, Any] | None:
        try:
            with self._raising_away():
                answer = self._obstore.get(self._small, name)
                return bytes(answer.bytes()), answer.meta
        except FileNotFoundError:
            return None

    def _put_if(self, name: str, data: bytes, mode: Any) -> None:
        # A request whose answer was lost is sent again, and then meets what it wrote itself.
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            with self._raising_away(writes=True):
                self._obstore.put(self._first, name, data, mode=mode, use_multipart=False)
        except (AlreadyExistsError, PreconditionError):
            if self.get(name) != data:
                raise Conflict(name) from None

    @contextmanager
    def _raising_away(self, writes: bool = False) -> Iterator[None]:
        """Raises `Away` for a failure. `writes`: only the bucket itself can be missing."""
        try:
            yield
        except Exception as error:
            away = failures.away(self.address, error, "NoSuchBucket" if writes and isinstance(error, FileNotFoundError) else "")
            if away is None:
                raise
            raise away from None
