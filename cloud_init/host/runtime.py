"""The environment in which a release runs: its own variables and what the host adds."""

from __future__ import annotations

import os
from pathlib import Path

from . import databases
from .contracts.manifest import Manifest
from .databases.base import APP
from .files import read_json
from .outcome import Refused
from .places import Places

_KEPT_BACK = ("DATABASE_OWNER_URL",)  # for the release command alone
_KEPT = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


def variables(places: Places, folder: Path, manifest: Manifest) -> dict[str, str]:
    """Everything the app's processes see; nothing of the person who launched it but language and certificates."""
    own = read_json(folder / "env.json")
    if not isinstance(own, dict):
        raise Refused(f"{folder / 'env.json'}: wanted the release's environment, found none or a damaged file; run `up` again")
    base = {name: os.environ[name] for name in _KEPT if name in os.environ}
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
    return {**base, **{name: value for name, value in own.items() if name not in _KEPT_BACK}}
