"""Hosts that come to a release that is live: waited for until each says that it serves it."""

import time
from collections.abc import Sequence

from cloud_init.host.contracts.rollout import Heartbeat
from components.errors import SlipwayError
from components.hosts import progress
from components.hosts.names import short
from components.release.store import Store
from components.rollout.desired_state import desired
from components.rollout.phases.signs import Signs, written

PATIENCE = 600.0  # seconds: a server that was just launched, with its packages
_PAUSE = 2.0


def wait(store: Store, hosts: Sequence[str]) -> None:
    """Returns when each host serves what is live, if anything is; late: raises `SlipwayError`."""
    signs, began, said = Signs(store), time.monotonic(), False
    while True:
        found = _missing(store, signs, hosts)
        if found is None:
            return
        if time.monotonic() - began > PATIENCE:
            raise SlipwayError(f"{found} for {PATIENCE / 60:.0f} minutes; see `./slipway status`, then run `up` again")
        if not said:
            progress.note("coordinator", f"waiting for {', '.join(map(short, hosts))} to serve, up to {PATIENCE / 60:.0f} minutes")
            said = True
        time.sleep(_PAUSE)


def _missing(store: Store, signs: Signs, hosts: Sequence[str]) -> str | None:
    """What is wrong, in a sentence; a store that is away may be there the next time."""
    try:
        live = desired(store).live
        if live is None:
            return None
        signs.look()
        for host in hosts:
            wanted = f"{short(host)}: wanted it to serve release {live}"
            if host not in signs.fresh():
                return f"{wanted}, found {signs.words(host)}"
            beat = written(Heartbeat, store.get(f"outcomes/{host}/heartbeat.json")) or Heartbeat()
            if beat.live != live:
                problems = "; ".join(" ".join(one.split()) for one in beat.problems)
                return f"{wanted}, found {beat.live or 'none'}{f' ({problems})' if problems else ''}"
        return None
    except SlipwayError as error:
        return str(error)
