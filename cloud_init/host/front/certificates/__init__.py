"""The site's certificate: its own until an authority's is there, then that one, renewed in time.

`LIB/certificates/DOMAIN/` has `key.pem` (one key for all, so that whatever certificate is there
fits), `certificate.pem`, and `issued` once that is an authority's: fronts send plain HTTP to HTTPS
from then on. `state.json` is what was tried last. The project's own is in a folder below."""

from __future__ import annotations

import grp
import os
import ssl
import time
from pathlib import Path
from typing import Any

from ...base import Places, Refused, read_object, read_text, remove, write, write_json
from ...base.processes import run
from ...base.user import front_group
from ...contracts.manifest import Tls
from ...release import manifests
from ...rollout import state

_YEARS = 3650
_SOON = 30  # days before its end from which one of the project's own is told of


def folder(places: Places, tls: Tls) -> Path:
    """The folder of all that is about that certificate."""
    return places.lib / "certificates" / tls.folder


def of_live(places: Places) -> Tls | None:
    """The part `tls` of the release that serves."""
    now = state.live(places)
    found = manifests.peek(places.release(now.release)) if now else None
    return found.tls if found else None


def ensure(places: Places, tls: Tls, own_key: str = "") -> None:
    """Makes a key, the request for a certificate, and a certificate to begin with, if missing; or
    lays down the project's own certificate with `own_key`."""
    place = folder(places, tls)
    place.mkdir(parents=True, exist_ok=True)
    key, request, certificate = place / "key.pem", place / "request.der", place / "certificate.pem"
    if tls.certificate:
        if read_text(key) != own_key:  # one that serves is not written again: the front reads it at any time
            write(key, own_key.encode(), 0o600)
        _share(key)
        install(places, tls, tls.certificate.encode())
        return
    (places.lib / "acme").mkdir(exist_ok=True)
    named = ("-subj", "/", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in (tls.domain, *tls.aliases)))
    if not key.is_file():
        write(key, run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").encode(), 0o600)
        certificate.unlink(missing_ok=True)
    _share(key)
    if not certificate.is_file():
        (place / "issued").unlink(missing_ok=True)
        write(certificate, run("openssl", "req", "-x509", "-new", "-key", str(key), "-days", str(_YEARS), *named).encode())
    run("openssl", "req", "-new", "-key", str(key), "-outform", "DER", "-out", str(request), *named)


def install(places: Places, tls: Tls, chain: bytes) -> float:
    """Puts an authority's certificate in force; returns until when it is good. Raises `Refused`."""
    place = folder(places, tls)
    new = place / "new.pem"
    write(new, chain)
    if run("openssl", "x509", "-in", str(new), "-noout", "-pubkey") != run("openssl", "pkey", "-in", str(place / "key.pem"), "-pubout"):
        raise Refused(f"the certificate of {tls.domain} is not for this server's key; not used")
    until = expires(new)
    new.rename(place / "certificate.pem")
    write_json(place / "issued", {"directory": tls.directory, "names": [tls.domain, *tls.aliases], "at": time.time(), "until": until})
    return until


def issued(places: Places, tls: Tls) -> dict[str, Any]:
    """Directory, time and end of the certificate in force; empty while it isn't the authority's."""
    found = read_object(folder(places, tls) / "issued")
    return found if found.get("directory") == tls.directory else {}


def is_due(places: Places, tls: Tls) -> bool:
    """Whether there is no certificate for all names, or the last third of its time has begun. The
    project's own never is: a new one comes with a release."""
    found = issued(places, tls)
    if tls.certificate or not found:
        return not tls.certificate
    return bool(found["names"] != [tls.domain, *tls.aliases] or time.time() > found["until"] - (found["until"] - found["at"]) / 3)


def expires(path: Path) -> float:
    """When the first certificate in a file ends."""
    words = run("openssl", "x509", "-in", str(path), "-noout", "-enddate")
    return float(ssl.cert_time_to_seconds(words.strip().partition("=")[2]))


def note_tried(places: Places, tls: Tls, **values: Any) -> None:
    """Adds to what is known of the tries."""
    path = folder(places, tls) / "state.json"
    write_json(path, {**read_object(path), "at": time.time(), **values})


def tried(places: Places, tls: Tls) -> dict[str, Any]:
    """What came of the tries so far."""
    return read_object(folder(places, tls) / "state.json")


def problem(places: Places, tls: Tls | None) -> str:
    """What is wrong, in one line; nothing while all is well, or where no certificate is wanted."""
    if not tls:
        return ""
    found, said = issued(places, tls), str(tried(places, tls).get("problem") or "")
    if not found:
        return f"{tls.domain}: no certificate yet: {said or 'it was not asked for yet'}"
    days = (found["until"] - time.time()) / 86400
    if tls.certificate and days < _SOON:
        said = "renew slipway:tls.certificate and slipway:secretTls.key, then run `up`"
        return f"the certificate of {tls.domain} {f'ends in {days:.0f} days' if days > 0 else 'has ended'}: {said}"
    return f"the certificate of {tls.domain} ends in {days:.0f} days: {said}" if said and is_due(places, tls) else ""


def prune(places: Places) -> None:
    """Removes the project's own certificates that no release here has any more."""
    found = [manifests.peek(one) for one in (places.srv / "releases").iterdir()]
    used = {folder(places, one.tls) for one in found if one and one.tls}
    for key in (places.lib / "certificates").glob("*/*/key.pem"):
        if key.parent not in used:
            remove(key.parent)


def _share(key: Path) -> None:
    """With nginx's workers, where this host has their group."""
    if os.geteuid() == 0 and (group := front_group()):
        os.chown(key, 0, grp.getgrnam(group).gr_gid)
        key.chmod(0o640)
