"""The common part of all buckets, on the library obstore, which folders don't need."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Optional
from urllib.parse import parse_qsl, urlsplit

from ..base import Refused, private_file, replacing
from . import Away, Conflict, Version

_LARGE = 1 << 20
_SECONDS = {"timeout": "8s"}
_MINUTES = {"timeout": "15m", "read_timeout": "30s"}
_NONE = "none"  # the tag of an object that isn't there
_ANSWERS = ("AlreadyExistsError", "PreconditionError", "NotModifiedError")
# Addresses that credentials come from: a server's role, a container's, a federation's.
_ROLES = re.compile(r"(?i)/latest/(api|meta-data)|/computeMetadata|169\.254\.1|100\.100\.100\.200|/v2/credentials|sts\.|oauth2|credential")
_NO_LOGIN = ("no credentials were found", "log in, or give this server a role that may use it")
_MENDS = {
    "TimeTooSkewed": "set this machine's clock (timedatectl set-ntp true)",
    "NoSuchBucket": "look at the bucket's name and region",
    "PermanentRedirect|AuthorizationHeaderMalformed|redirect without LOCATION": "give the region that the bucket is in",
    "InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|InvalidSecurity|Expired": "log in again",
    "AccessDenied|status code: 40[13]": "this user or role needs leave to read and write there",
    "status code": "wait a little",
    "HTTP error|error sending request|timed out": "look at the network and the address",
}
"""What to do, by a service's name of an error, or words of the library's."""


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

    lock_file: Optional[Path] = None
    FIRST: ClassVar[dict[str, str]] = {}  # headers for a request that must not overwrite, of a service that needs them
    RETRY: ClassVar[dict[str, Any]] = retry(2, 10, 200)

    def __init__(self, place: BucketAddress, kind: Any, **given: Any) -> None:
        """`kind`: obstore's store; `given`: what that is told beside the place."""
        import obstore  # the deploying side and servers with a bucket have it, other hosts don't

        self._obstore: Any = obstore
        self.address = place.address
        plain = {"allow_http": place.options.get("endpoint", "").startswith("http://"), "connect_timeout": "4s"}

        def client(**more: Any) -> Any:
            return kind(place.bucket, prefix=place.prefix, client_options={**plain, **more}, retry_config=self.RETRY, **given)

        with self._raising_away():
            self._small = client(**_SECONDS)
            self._large = client(**_MINUTES)
            self._first = client(**_SECONDS, default_headers=self.FIRST) if self.FIRST else self._small

    def get(self, name: str) -> Optional[bytes]:
        read = self._read(name)
        return read[0] if read else None

    def changed(self, name: str, tag: str) -> Optional[Version]:
        from obstore.exceptions import NotModifiedError

        try:
            with self._raising_away():
                answer = self._obstore.get(self._small, name, options={"if_none_match": tag} if tag not in ("", _NONE) else {})
                return Version(bytes(answer.bytes()), answer.meta["e_tag"] or "")
        except NotModifiedError:
            return None
        except FileNotFoundError:
            return None if tag == _NONE else Version(None, _NONE)

    def file(self, name: str, place: Path) -> Optional[Path]:
        place.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError), self._raising_away(), replacing(place) as part:
            with open(part, "wb", opener=private_file) as file:
                for chunk in self._obstore.get(self._large, name).stream():
                    file.write(chunk)
            return place
        return None

    def put(self, name: str, data: bytes) -> None:
        with self._raising_away(writes=True):
            self._obstore.put(self._large if len(data) > _LARGE else self._small, name, data)

    def send(self, name: str, path: Path) -> None:
        with open(path, "rb") as file, self._raising_away(writes=True):
            self._obstore.put(self._large, name, file)

    def create(self, name: str, data: bytes) -> None:
        self._put_if(name, data, "overwrite" if self.FIRST else "create")

    def replace(self, name: str, old: Optional[bytes], new: bytes) -> None:
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

    def modified(self, name: str) -> Optional[float]:
        with suppress(FileNotFoundError), self._raising_away():
            return float(self._obstore.head(self._small, name)["last_modified"].timestamp())
        return None

    def delete(self, *names: str) -> None:
        with self._raising_away():
            self._obstore.delete(self._small, list(names))

    def _read(self, name: str) -> Optional[tuple[bytes, Any]]:
        with suppress(FileNotFoundError), self._raising_away():
            answer = self._obstore.get(self._small, name)
            return bytes(answer.bytes()), answer.meta
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
            away = _away(self.address, error, "NoSuchBucket" if writes and isinstance(error, FileNotFoundError) else "")
            if away is None:
                raise
            raise away from None


def _away(address: str, error: Exception, code: str = "") -> Optional[Away]:
    """The failure to raise for an error; None for one that is an answer, or not the library's."""
    text = str(error)
    named, status = re.search(r"<Code>(\w+)</Code>", text), re.search(r"status code: \d+", text)
    code = code or (named.group(1) if named else "")
    ours = type(error).__module__.startswith("obstore") and type(error).__name__ not in _ANSWERS
    if not ours and code != "NoSuchBucket":
        return None
    asked = text.partition("\n")[0].partition(" - ")[0]
    if not named and (type(error).__name__ == "UnauthenticatedError" or _ROLES.search(asked)):
        reason, mend = _NO_LOGIN
    else:
        words = " ".join(text.partition("Debug source")[0].split())[:200]
        reason = f"found {code}" if code else f"found {status[0]}" if status else words
        mend = next((how for signs, how in _MENDS.items() if re.search(signs, f"{code} {text}")), "mend that")
    return Away(f"store: {address.partition('?')[0]}: {reason}; {mend}, then run it again")
