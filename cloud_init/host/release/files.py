"""The files of a release, as its manifest lists them, with this host's folders filled in; and the
environment variables of its processes."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

from ..base import Places, Refused, as_user, give, link, masking, read_json, with_port, write, write_json
from ..contracts.manifest import NOT_THE_APPS, Manifest
from ..data import databases
from ..front import configuration
from ..processes.programs import log_path
from . import templates

_TOKEN = re.compile("@@(ROOT|SRV|RUN|ETC|LOG|LIB)@@")
WITHHELD = frozenset(("DATABASE_OWNER_URL",))
"""Variables for the release command alone; they lie in `OWNER_FILE` beside `env.json`."""
OWNER_FILE = "owner.json"
_PASSED_ON = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


def write_files(places: Places, manifest: Manifest, secrets: dict[str, str]) -> None:
    """Writes `files/`, `etc/`, `static/` and the environment."""
    folder = places.release(manifest.id)
    for file in manifest.files:
        content = fill(file.content, places) if file.path.startswith("etc/") else file.content
        write(_inside(folder, file.path), content.encode(), int(file.mode, 8))
    for path, source in manifest.static.items():
        place = _inside(folder / "static", path.strip("/"))  # one `root` serves every prefix
        if not _inside(folder / "src", source).is_dir():
            raise Refused(f"slipway:app.static: wanted a folder {source!r} in the app for /{path.strip('/')}, found none")
        link(place, os.path.relpath(folder / "src" / source, place.parent))
    environment = {**manifest.environment, **{name: value for name, value in secrets.items() if name not in NOT_THE_APPS}}
    if manifest.database.app_may_migrate and "DATABASE_OWNER_URL" in environment:
        environment["DATABASE_URL"] = environment.pop("DATABASE_OWNER_URL")
    withheld = {name: environment.pop(name) for name in WITHHELD & environment.keys()}  # the app must not know these
    write_json(folder / OWNER_FILE, withheld, 0o400)
    write_json(folder / "env.json", environment, 0o400)
    give(folder / "env.json", places.user)


def fill(content: str, places: Places) -> str:
    """Replaces `@@NAME@@` by this host's folder of that name, in one pass."""
    return _TOKEN.sub(lambda match: str(getattr(places, match[1].lower())), content)


def validate(places: Places, folder: Path) -> None:
    """Has the front server check the release's configuration. Raises `Refused` with its words."""
    front = configuration.find(places, folder / "etc")
    command = [*configuration.SERVERS[front].command(places, folder / "etc"), *configuration.SERVERS[front].test]
    if places.role:  # as it runs there: it could not write what root makes
        command = [*with_port(str(places.facts.front_user or places.facts.user)), *command]
    how: dict[str, Any] = {}
    if places.facts.containers and places.user:
        how = {**as_user(places.front_user), "extra_groups": [places.user.pw_gid]}
    with log_path(places, "front").open("ab") as out:  # the log is opened anew by its name, as it will be
        if how:
            os.fchown(out.fileno(), how["user"], how["group"])
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, errors="replace", check=False, **how)
    if done.returncode:
        raise Refused(f"{front} refuses the rendered configuration", log=done.stderr.splitlines()[-20:])


def _inside(folder: Path, name: str) -> Path:
    path = Path(os.path.normpath(folder / name))
    if folder not in path.parents:
        raise Refused(f"manifest: {name!r} leaves the release's folder; not used")
    return path


def note_secrets(places: Places, folder: Path, manifest: Manifest) -> None:
    """Notes what a password of the database was filled into, so that each command masks it."""
    made: list[str] = []
    for role in (databases.APP, databases.OWNER):
        password = databases.of(places, manifest).words(role).get("password")
        given = variables(places, folder, manifest, role).items() if password else ()
        made += [value for name, value in given if str(password) in value and name != "DATABASE_URL"]
    masking.know(made)
    if made:
        write_json(folder / "filled.json", {"filled": made}, 0o400)


def variables(places: Places, folder: Path, manifest: Manifest, role: str = databases.APP) -> dict[str, str]:
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
