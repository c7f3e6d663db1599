"""A host's facts and a release's manifest for tests, from the fields that matter to them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloud_init.host import contracts
from cloud_init.host.base.places import Places
from cloud_init.host.contracts.facts import HostFacts
from cloud_init.host.contracts.manifest import Manifest

FACTS = {"app": "shop", "host": "local", "run": "/nowhere", "store": "", "python": "python3", "front": {"listen": ["127.0.0.1", 80]}}
MANIFEST: Mapping[str, Any] = {
    "schema": 1, "module": "wsgi:app", "code": {"id": "c", "sha256": "0"}, "files": [], "requirements": [], "environment": {},
    "database": {"engine": "none"}, "processes": {}, "health": {"path": "/", "host": "x", "timeout": 1}, "static": {},
}  # fmt: skip


def places(root: Path, facts: Mapping[str, Any]) -> Places:
    """`facts` as host.json has them; what is left out is some value or other."""
    return Places(root, contracts.read(HostFacts, {**FACTS, **facts}))


def manifest(**given: Any) -> Manifest:
    """`given` as manifest.json has it; what is left out is some value or other."""
    return contracts.read(Manifest, {**MANIFEST, **given})
