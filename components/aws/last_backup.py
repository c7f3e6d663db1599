"""A backup of a host on the deploying machine: from the store, which every backup of a server is sent to."""

from pathlib import Path

from cloud_init.host import stores
from cloud_init.host.backup import DUMP, FACTS
from cloud_init.host.outcome import Refused
from components.errors import SlipwayError


def copied(store: str, host: str, identity: str, target: Path) -> Path:
    """The folder `target` with the backup's files, whole or not there. Raises `SlipwayError`."""
    part = target.with_name(f".{target.name}.part")
    try:
        part.mkdir(mode=0o700, parents=True, exist_ok=True)
        objects = stores.connect(store)
        for name in (DUMP, FACTS):
            _fetch(objects, f"backups/{host}/{identity}/{name}", part / name)
        part.rename(target)
    except (OSError, Refused) as error:
        raise SlipwayError(f"last backup: wanted a copy at {target}, found: {error}; nothing was removed") from None
    return target


def _fetch(objects: stores.Store, name: str, path: Path) -> None:
    found = objects.file(name, path)
    if found is None:
        raise Refused(f"no {name} in {objects.address}")
    if found != path:  # a store in a folder has it as a file already
        path.write_bytes(found.read_bytes())
    path.chmod(0o600)
