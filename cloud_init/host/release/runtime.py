"""The environment variables of a release's processes."""

import os
from pathlib import Path

from ..base import masking
from ..base.files import read_json, write_json
from ..base.outcome import Refused
from ..base.places import Places
from ..contracts.manifest import Manifest
from ..data import databases
from ..data.databases import APP, OWNER
from . import templates

WITHHELD = frozenset(("DATABASE_OWNER_URL",))
"""Variables for the release command alone; they lie in `OWNER_FILE` beside `env.json`."""
OWNER_FILE = "owner.json"
_PASSED_ON = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


def note_secrets(places: Places, folder: Path, manifest: Manifest) -> None:
    """Notes what a password of the database was filled into, so that each command masks it."""
    made: list[str] = []
    for role in (APP, OWNER):
        password = databases.of(places, manifest).words(role).get("password")
        given = variables(places, folder, manifest, role).items() if password else ()
        made += [value for name, value in given if str(password) in value and name != "DATABASE_URL"]
    masking.know(made)
    if made:
        write_json(folder / "filled.json", {"filled": made}, 0o400)


def variables(places: Places, folder: Path, manifest: Manifest, role: str = APP) -> dict[str, str]:
    """The release's variables and the host's; the caller's language and certificates alone. `role`:
    as whom the processes come to the database."""
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
    words = databases.of(places, manifest).words(role)
    if words:  # what settings say in public of this name is made of it
        base |= {"MYSQL_UNIX_PORT": words["socket"]} if words["scheme"] == "mysql" else {}  # what `localhost` is to mysqlclient
        own = {**own, "DATABASE_URL": manifest.environment.get("DATABASE_URL", words["DATABASE_URL"])}
    return {**base, **templates.filled({name: value for name, value in own.items() if name not in WITHHELD}, words)}
