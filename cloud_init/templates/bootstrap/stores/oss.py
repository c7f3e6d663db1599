from urllib.parse import parse_qsl, urlsplit


def reader(address):
    """With the credentials of the server's role."""
    from obstore.store import S3Store

    parts = urlsplit(address)
    access = options(parts.netloc, dict(parse_qsl(parts.query)))
    plain = {"allow_http": access["endpoint"].startswith("http://")}
    store = S3Store(parts.netloc, prefix=parts.path.strip("/") or None, client_options=plain, credential_provider=role, **access)
    return lambda name: bytes(store.get(name).bytes())
