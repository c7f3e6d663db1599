import json
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

ROLES = "http://100.100.100.200/latest/meta-data/ram/security-credentials/"


def credentials():
    """Of the server's role, as its metadata service gives them."""
    role = urlopen(ROLES, timeout=5).read().decode()
    found = json.load(urlopen(ROLES + role, timeout=5))
    return {
        "access_key_id": found["AccessKeyId"],
        "secret_access_key": found["AccessKeySecret"],
        "token": found["SecurityToken"],
        "expires_at": datetime.fromisoformat(found["Expiration"].replace("Z", "+00:00")),
    }


def reader(address):
    from obstore.store import S3Store

    parts = urlsplit(address)
    given = dict(parse_qsl(parts.query))
    endpoint = given.get("endpoint") or f"https://{parts.netloc}.oss-{given['region']}.aliyuncs.com"
    store = S3Store(
        parts.netloc, prefix=parts.path.strip("/") or None, region=given["region"], endpoint=endpoint,
        virtual_hosted_style_request=True, credential_provider=credentials, client_options={"allow_http": endpoint.startswith("http://")},
    )  # fmt: skip
    return lambda name: bytes(store.get(name).bytes())
