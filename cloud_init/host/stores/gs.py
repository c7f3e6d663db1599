"""Google Cloud Storage: `gs://bucket/prefix`.

Credentials: on the deploying side, if google-auth is installed, as Google's own libraries find them
(a federated identity too); on a server by its service account."""

from importlib.util import find_spec
from typing import Any, ClassVar

from .bucket import Bucket, BucketAddress, retry
from .contract import Away, Store

_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


def connect(address: str) -> Store:
    """The bucket at that address; `endpoint` for a network with one of its own."""
    from obstore.store import GCSStore

    place = BucketAddress(address, ("endpoint",))
    given = {**_user(address), **({"base_url": endpoint} if (endpoint := place.options.get("endpoint")) else {})}

    def client(options: dict[str, Any], retry: dict[str, Any]) -> Any:
        return GCSStore(place.bucket, prefix=place.prefix, client_options=options, retry_config=retry, **given)  # type: ignore[arg-type]

    return GoogleBucket(place, client)


class GoogleBucket(Bucket):
    """A bucket that takes one change of an object in a second, and has no request that removes
    many."""

    RETRY: ClassVar[dict[str, Any]] = retry(4, 30, 1000)

    def delete(self, *names: str) -> None:
        for name in names:
            try:
                super().delete(name)
            except FileNotFoundError:
                continue


def _user(address: str) -> dict[str, Any]:
    if not (find_spec("google") and find_spec("google.auth") and find_spec("requests")):
        return {}
    from google.auth import default
    from google.auth.exceptions import DefaultCredentialsError

    try:
        return {"credential_provider": _Token(default(scopes=[_SCOPE])[0])}
    except DefaultCredentialsError:
        raise Away(f"store: {address}: no Google credentials were found; run: gcloud auth application-default login") from None


class _Token:
    """A credential provider: obstore asks again before a token ends."""

    def __init__(self, credentials: Any) -> None:
        self.credentials = credentials

    def __call__(self) -> dict[str, Any]:
        from datetime import timezone

        from google.auth.transport.requests import Request

        self.credentials.refresh(Request())
        ends = self.credentials.expiry
        return {"token": self.credentials.token, "expires_at": ends.replace(tzinfo=timezone.utc) if ends else None}
