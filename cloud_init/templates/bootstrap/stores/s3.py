import os
from urllib.parse import parse_qsl, urlsplit


def reader(address):
    """With the credentials of the server's role."""
    from obstore.store import S3Store

    parts = urlsplit(address)
    given = dict(parse_qsl(parts.query))
    plain = given.get("endpoint", os.environ.get("AWS_ENDPOINT_URL", "")).startswith("http://")
    store = S3Store(parts.netloc, prefix=parts.path.strip("/") or None, client_options={"allow_http": plain}, **given)
    return lambda name: bytes(store.get(name).bytes())
