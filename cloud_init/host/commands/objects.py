"""The store of this host for a deployer at the other end of a pipe: a line of JSON each way. The
rollout's lock goes when that end does."""

import base64
import json
import sys
from contextlib import ExitStack
from typing import Any

from .. import stores
from ..base.lock import held
from ..base.outcome import Refused, note
from ..base.places import Places
from ..stores.contract import Conflict, Store


def serve(places: Places) -> None:
    """Answers until the pipe is closed."""
    store = stores.connect(places.store)
    with ExitStack() as locks:
        for line in sys.stdin:
            try:
                answer = {"ok": _done(store, locks, json.loads(line))}
            except Conflict as conflict:
                answer = {"conflict": str(conflict)}
            except Refused as refused:
                answer = {"refused": str(refused), "locked": type(refused).__name__ == "Locked"}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


def _done(store: Store, locks: ExitStack, asked: dict[str, Any]) -> Any:
    do, name = asked["do"], str(asked.get("name", ""))
    if do == "lock":
        assert store.lock_file is not None
        return locks.enter_context(held(store.lock_file, asked["reason"], asked["wait"], note))
    if do == "unlock":
        return locks.close()
    if do == "get":
        return _text(store.get(name))
    if do == "put":
        return store.put(name, base64.b64decode(asked["data"]))
    if do == "replace":
        old = asked["old"]
        return store.replace(name, None if old is None else base64.b64decode(old), base64.b64decode(asked["data"]))
    if do == "delete":
        return store.delete(*asked["names"])
    return store.modified(name) if do == "modified" else store.names(name)


def _text(data: "bytes | None") -> "str | None":
    return None if data is None else base64.b64encode(data).decode()
