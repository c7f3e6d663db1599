from urllib.parse import urlsplit


def reader(address):
    """With the credentials of the server's service account."""
    from obstore.store import GCSStore

    parts = urlsplit(address)
    store = GCSStore(parts.netloc, prefix=parts.path.strip("/") or None)
    return lambda name: bytes(store.get(name).bytes())
