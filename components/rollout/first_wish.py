"""The first `live` of a store that nobody has written to: hosts that come up serve it, whether or not the deployer is still there."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from components.release import publishing
from components.release.store import Conflict, Store
from components.rollout import desired_state


def write(store: Store, props: Mapping[str, Any]) -> None:
    """Publishes the release that a `FirstRelease`'s inputs describe and wants it, if nothing was ever wanted here."""
    with store.lock(f"first release {props['release']}"):
        before = desired_state.desired(store)
        if before.data is not None:
            return
        publishing.publish(store, props)
        with suppress(Conflict):  # somebody else was first: that one counts
            desired_state.write(store, before, "up", props["release"])
