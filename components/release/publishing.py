"""A release's objects, put into the store before anybody is told of them."""

import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cloud_init import host_tool
from cloud_init.host import contracts
from cloud_init.host.base import masking
from cloud_init.host.contracts.manifest import Manifest
from components.release.store import Store, to_json
from components.rollout.desired_state import desired
from components.source.archive import archive


def publish(store: Store, props: Mapping[str, Any]) -> None:
    """Writes archive, tool, secrets and, last, the manifest of the release in a `Rollout`'s inputs.

    A server that boots takes this tool only before anything was live: the release may be refused.
    """
    manifest = replace(contracts.read(Manifest, json.loads(props["manifest"])), id=props["release"])
    name = f"releases/code/{manifest.code.id}.tar.gz"
    if not _is_whole(store.get(name), manifest.code.sha256):
        store.put(name, archive(Path(props["source"]), manifest.code.id))
    store.put(f"releases/tool/{manifest.tool}.pyz", host_tool.tool())
    if desired(store).live is None and manifest.tool:
        name_tool(store, manifest.tool)
    secrets = {
        "web": {**(props.get("database_environment") or {}), **props["secret_environment"]},
        "database": props.get("database_secrets"),
    }
    masking.know(secrets)
    for role, values in secrets.items():
        if values:
            store.put(f"secrets/{role}/{manifest.id}.json", to_json(values))
    store.put(f"releases/{manifest.id}/manifest.json", to_json(contracts.document(manifest)))


def name_tool(store: Store, sha256: str) -> None:
    """A server that boots now takes this host tool."""
    store.put("tool.json", to_json({"sha256": sha256}))


def _is_whole(archive: bytes | None, sha256: str) -> bool:
    """True if it is there and holds what it should: a damaged one is published again."""
    try:
        return archive is not None and hashlib.sha256(gzip.decompress(archive)).hexdigest() == sha256
    except (OSError, EOFError, zlib.error):
        return False
