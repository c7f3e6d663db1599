"""The environment variables of a release's processes."""

import os
from pathlib import Path

from ..base.files import read_json
from ..base.outcome import Refused
from ..base.places import Places
from ..contracts.manifest import Manifest
from ..data import databases
from ..data.databases.base import APP

WITHHELD = frozenset(("DATABASE_OWNER_URL",))
"""Variables for the release command alone; they lie in `OWNER_FILE` beside `env.json`."""
OWNER_FILE = "owner.json"
_PASSED_ON = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


def variables(places: Places, folder: Path, manifest: Manifest) -> dict[str, str]:
    """The release's variables and the host's; the caller's language and certificates alone."""
    own = read_json(folder / "env.json")
    if not isinstance(own, dict):
        raise Refused(f"{folder / 'env.json'}: wanted the release's environment, found none or a damaged file; run `up` again")
    base = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    base.setdefault("LANG", "C.UTF-8")
    base |= {
        "PATH": f"{folder / 'venv/bin'}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(places.shared),
        "VIRTUAL_ENV": str(folder / "venv"),
        "PYTHONUNBUFFERED": "1",
        "SLIPWAY_RELEASE": folder.name,
        "SLIPWAY_SHARED": str(places.shared),
    }
    base |= databases.of(places, manifest).variables(APP)
    return {**base, **{name: value for name, value in own.items() if name not in WITHHELD}}
