"""A release's objects, put into the store before anybody is told of them."""

import io
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cloud_init import host_tool
from cloud_init.host import contracts
from cloud_init.host.base import masking
from cloud_init.host.contracts.manifest import INSTALL, Manifest
from cloud_init.host.release import unpack, wheels
from components.hosts import progress
from components.release import exact
from components.release.ids import release_id
from components.release.store import Store, overwrite, parsed, to_json
from components.rollout.desired_state import desired
from components.source.archive import archive


def publish(store: Store, props: Mapping[str, Any]) -> None:
    """Writes archive, tool, secrets and, last, the manifest of the release in a `Rollout`'s inputs.

    A server that boots takes this tool only before anything was live: the release may be refused.
    """
    manifest = replace(contracts.read(Manifest, json.loads(props["manifest"])), id=props["release"])
    name = f"releases/code/{manifest.code.id}.tar.gz"
    if not is_whole(store.get(name), manifest.code.sha256):
        store.put(name, archive(Path(props["source"]), manifest.code))
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
    _publish_versions(store, manifest, str(props.get("key") or ""), json.loads(props["secret_environment"].get(INSTALL, "{}")))
    store.put(f"releases/{manifest.id}/manifest.json", to_json(contracts.document(manifest)))


def _publish_versions(store: Store, manifest: Manifest, key: str, secret: Mapping[str, str]) -> None:
    """A release that is there keeps its own, and one with the requirements of the live one has
    that one's: servers that start later run the same code. A machine that is taken as it is makes
    one environment, now. `secret`: variables of the installer."""
    name, live = wheels.list_of(manifest.id), desired(store).live
    if not manifest.host or store.get(name) is not None:
        return
    before = store.get(f"releases/{live}/manifest.json") if live else None
    old = parsed(Manifest, "manifest.json", before) if before else None
    same = old and (old.requirements, old.constraints, old.python) == (manifest.requirements, manifest.constraints, manifest.python)
    text, why = exact.verified(key, str(live), store.get(wheels.list_of(str(live))) or b"") if same else "", ""
    if not text:
        text, why = exact.versions(manifest.requirements, manifest.python, manifest.constraints, secret)
    if text:
        store.put(name, exact.signed(key, manifest.id, text))
    else:
        progress.note("release", f"each host installs what an index has then: {why}")


def name_tool(store: Store, sha256: str) -> None:
    """A server that boots now takes this host tool."""
    overwrite(store, "tool.json", to_json({"sha256": sha256, "at": time.time()}))


def is_published(key: str, release: str, objects: Mapping[str, bytes | None]) -> bool:
    """Whether a release's `manifest`, `code`, `web` and `database` (secrets) are as published.

    Its id covers them, under the stack's key; the archive has the hash that its manifest says, and
    the list of `versions`, if there is one, is signed."""
    try:
        manifest, web, database = (json.loads(objects[name] or b"{}") for name in ("manifest", "web", "database"))
        secret = {**web, **({"": json.dumps(database, sort_keys=True)} if database else {})}
        identity = release_id(key, manifest["code"]["id"], manifest, {**manifest["environment"], **secret})
        versions = objects.get("versions")
        listed = versions is None or exact.verified(key, release, versions)
        return bool(listed) and identity == release and is_whole(objects["code"], manifest["code"]["sha256"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return False


def is_whole(archive: bytes | None, sha256: str) -> bool:
    """True if it is there and holds what it should: a damaged one is published again."""
    try:
        return unpack.hash_of(io.BytesIO(archive or b"")) == sha256
    except unpack.DAMAGED:
        return False
