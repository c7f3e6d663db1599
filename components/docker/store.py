"""The release store in the tree of an engine: asked over a pipe into the keeper."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from cloud_init.host.contracts.manifest import Manifest
from components.docker import image, keeper
from components.docker.keeper import STORE, TOOL
from components.hosts import progress
from components.hosts.objects import Folder
from components.release.store import parsed

SCHEME = "docker:"


def address(facts: Mapping[str, Any]) -> str:
    """The address of the store of the site with these facts."""
    return SCHEME + json.dumps(facts, sort_keys=True)


class EngineStore(Folder):
    """`components.release.store.Store` of one site."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts, self.address, self.keeper = facts, address(facts), keeper.to(facts)
        super().__init__(self.keeper, "docker", TOOL, STORE)

    def bring(self, host: str, release: str, key: Callable[[], str]) -> None:
        """The image of the release, built where the engine has none."""
        is_pushed = not self.facts["registry"] or self.get(image.pushed_as(release)) is not None
        if not is_pushed or self.keeper.engine.inspect("image", image.name(self.facts, release)) is None:
            manifest = parsed(Manifest, f"releases/{release}/manifest.json", self.get(f"releases/{release}/manifest.json") or b"")
            with progress.step(host, "image"):
                image.bring(self.keeper.engine, self.facts, manifest, self)


def connect(text: str) -> EngineStore:
    """The store at an address that begins with `docker:`."""
    return EngineStore(json.loads(text.removeprefix(SCHEME)))
