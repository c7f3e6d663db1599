"""Google Cloud Storage: `gs://bucket/prefix`.

Credentials: on the deploying side, if google-auth is installed, as Google's own libraries find them
(a federated identity too); on a server by its service account."""

import warnings
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, ClassVar

from . import Away, Store
from .bucket import Bucket, BucketAddress, retry

_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


def connect(address: str) -> Store:
    """The bucket at that address; `endpoint` for a network with one of its own."""
    from obstore.store import GCSStore

    place = BucketAddress(address, ("endpoint",))
    given = {"base_url": place.options["endpoint"]} if place.options.get("endpoint") else {}
    return GoogleBucket(place, GCSStore, **_user(address), **given)


class GoogleBucket(Bucket):
    """A bucket that takes a change of an object a second, and no request to remove several."""

    RETRY: ClassVar[dict[str, Any]] = retry(4, 30, 1000)

    def delete(self, *names: str) -> None:
        for name in names:
            with suppress(FileNotFoundError):
                super().delete(name)


def _user(address: str) -> dict[str, Any]:
    if not (find_spec("google") and find_spec("google.auth") and find_spec("requests")):
        return {}
    from google.auth import default
    from google.auth.exceptions import DefaultCredentialsError
    from obstore.auth.google import GoogleCredentialProvider

    try:
        with warnings.catch_warnings():  # of a person's without a project, which isn't asked for here
            warnings.simplefilter("ignore")
            return {"credential_provider": GoogleCredentialProvider(default(scopes=[_SCOPE])[0])}
    except DefaultCredentialsError:
        raise Away(f"store: {address}: no Google credentials were found; run: gcloud auth application-default login") from None
