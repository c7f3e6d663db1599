from urllib.parse import parse_qsl, urlsplit


def reader(address):
    """With the credentials of the server's service account."""
    from obstore.store import GCSStore

    parts = urlsplit(address)
    endpoint = dict(parse_qsl(parts.query)).get("endpoint", "")
    given = {"base_url": endpoint} if endpoint else {}
    plain = endpoint.startswith("http://")
    store = GCSStore(parts.netloc, prefix=parts.path.strip("/") or None, client_options={"allow_http": plain}, **given)
    return lambda name: bytes(store.get(name).bytes())
