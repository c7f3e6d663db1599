"""What a web host checks the certificate of its database's server against."""

from __future__ import annotations

import io
import re
import ssl

from ...base.files import read_text, write
from ...base.outcome import Refused, note
from ...base.places import Places
from ...contracts.manifest import Manifest
from ...release import fetching

NAME = "database-ca.pem"
"""In ETC, where addresses of the database look for it."""
_END = "-----END CERTIFICATE-----\n"
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_MOST = 4_000_000  # bytes


def trust(places: Places, manifest: Manifest) -> None:
    """The authority's certificate; the one before it stays beside, for the release that serves. `authority` is PEM, or the https address
    of a list of them. Raises `Refused` where there is no list yet, and none can be had."""
    wanted = manifest.database.authority
    before = read_text(places.etc / NAME)
    if wanted and wanted.startswith("https://"):
        wanted = _published(wanted, before)
    if wanted and not before.startswith(wanted):
        end = before.find(_END)
        write(places.etc / NAME, (wanted + before[: end + len(_END) if end >= 0 else 0]).encode())


def _published(address: str, before: str) -> str:
    """The list, below its address. One that is here already is asked for once, and stays where that fails."""
    title = f"# {address}\n"
    here = before.startswith(title)
    got = io.BytesIO()
    try:
        fetching.into(got, address, _MOST, tries=1 if here else fetching.TRIES)
        return title + _certificates(address, got.getvalue())
    except Refused as refused:
        if not here:
            raise Refused(f"the database's authorities: {refused}") from None
        note(f"the database's authorities stay as they were: {refused}")
        return before


def _certificates(address: str, data: bytes) -> str:
    """Nothing but the certificates of it."""
    found = "".join(f"{one}\n" for one in _CERTIFICATE.findall(data.decode("ascii", "replace")))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=found)
    except (ssl.SSLError, ValueError) as error:
        raise Refused(f"{address}: wanted certificates (PEM), found none, or damaged ones ({error}); correct the address") from None
    return found
