"""A last backup of a host's database, copied to this machine before the host's data go."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloud_init.host.base import files
from cloud_init.host.base.outcome import Refused
from cloud_init.host.data import backup
from components.errors import SlipwayError
from components.hosts.way import Way
from components.source.archive import unpack

REASON = "before destroy --with-data"


def fetched(folder: Path, name: str, saved: Mapping[str, Any], way: Way) -> Path | None:
    """A copy of what the host tool saved, checked and whole, in `folder`; None where it saved
    nothing. Raises `SlipwayError`."""
    if not saved["ok"]:
        raise SlipwayError(f"{name}: last backup: {saved['message']}; nothing was removed; mend that, then run it again")
    if not saved["backup"]:
        return None
    return copied(Path(saved["path"]), folder / f"{name}-{saved['backup']['id']}", way)


def copied(source: Path, target: Path, way: Way) -> Path:
    """A copy of a backup there at `target` here, checked and whole. Raises `SlipwayError`."""
    folder, identity = target.parent, source.name
    part, unpacked = folder / f".{target.name}.tar", folder / f".{target.name}.part"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(part, "wb", opener=files.private_file) as file:
            done = way.run(["tar", "-C", str(source.parent), "-cf", "-", source.name], root=True, out=file)
        if done.status:
            raise OSError(done.last)
        unpack(part, unpacked)
        backup.check(unpacked / source.name, identity)
        files.sync_tree(unpacked / source.name)
        (unpacked / source.name).rename(target)
        files.sync(folder)
        unpacked.rmdir()
    except (OSError, Refused) as error:
        raise SlipwayError(f"backup {identity}: wanted a copy at {target}, found: {error}; nothing was removed") from None
    finally:
        part.unlink(missing_ok=True)
    return target
