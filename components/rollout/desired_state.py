"""`desired.json`: what all hosts are to do, and its history; the coordinator alone writes it."""

import secrets
import time
from dataclasses import dataclass

from cloud_init.host import contracts
from cloud_init.host.base.lock import actor
from cloud_init.host.contracts.rollout import DesiredState, Served
from components.release.store import Conflict, Store, damaged, parsed, to_json

DESIRED = "desired.json"
HISTORY = 20
_MOST = 10**9  # generations: nobody comes so far, and a bigger number was forged


@dataclass(frozen=True)
class Desired:
    """What the store wants, with the bytes it was read from; None: nothing was ever wanted."""

    data: bytes | None
    state: DesiredState

    @property
    def live(self) -> str | None:
        return self.state.live

    @property
    def served(self) -> list[str]:
        """The releases that served, the last one first, each once."""
        return list(dict.fromkeys(entry.release for entry in reversed(self.state.history)))


def desired(store: Store) -> Desired:
    """What the store wants now. Raises `SlipwayError` for a damaged `desired.json`."""
    data = store.get(DESIRED)
    return Desired(data, read(data))


def read(data: bytes | None) -> DesiredState:
    """The document in these bytes. Raises `SlipwayError` for a damaged one."""
    state = DesiredState(0) if data is None else parsed(DesiredState, DESIRED, data)
    if not 0 <= state.generation < _MOST:
        raise damaged(DESIRED, f"generation: wanted one from 0 to {_MOST}, found {str(state.generation)[:20]}")
    return state


def write(store: Store, before: Desired, by: str, live: str | None, candidate: str | None = None, elected: str | None = None) -> Desired:
    """The next generation, if nobody wrote since `before`; raises `Conflict` otherwise."""
    who, at, history = actor(), time.time(), before.state.history
    if live and live != before.live:
        history = (*history, Served(live, by, who, at))
    state = DesiredState(before.state.generation + 1, live, candidate, elected, by, who, at, history[-HISTORY:], secrets.token_hex(8))
    data = to_json(contracts.document(state))
    store.replace(DESIRED, before.data, data)
    return Desired(data, state)


def refuse_another(store: Store, mine: DesiredState) -> None:
    """Raises `Conflict` where somebody else wrote what is wanted since this deployer did."""
    now = desired(store).state
    if now != mine:
        raise Conflict(f"generation {now.generation} by {now.actor}")
