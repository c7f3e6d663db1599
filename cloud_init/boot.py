"""Boot data: all that a server knows before its first release."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Boot:
    """`name` None: the server's own host name; `{host}` in it is replaced by that, without its domain, for boot data that servers share.

    `store` is an address such as `s3://bucket/prefix?region=eu-west-1`.
    """

    app: str
    stack: str
    role: str
    store: str
    name: str | None = None
