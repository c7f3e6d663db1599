"""Folders of backups as a host keeps them, whole in all that is looked at."""

import hashlib
import json
from pathlib import Path
from typing import Any

from cloud_init.host.data import backup


def facts(identity: str, dump: bytes = b"dump", **more: Any) -> dict[str, Any]:
    """What `backup.json` says of that dump."""
    whole = {"at": 0.0, "engine": "sqlite", "release": "r1", "release_made": 0.0, "rows": {}, "schema": "1", "reason": "nightly"}
    return {**whole, "id": identity, "dump": {"sha256": hashlib.sha256(dump).hexdigest(), "bytes": len(dump)}, **more}


def made_backup(folder: Path, identity: str, dump: bytes = b"dump", **more: Any) -> Path:
    """The folder of one, in that folder."""
    made = folder / identity
    made.mkdir(parents=True)
    (made / backup.DUMP).write_bytes(dump)
    (made / backup.FACTS).write_text(json.dumps(facts(identity, dump, **more)))
    return made
