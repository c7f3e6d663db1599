"""A deployer who dies as soon as one of its writes is done: killed.py ADDRESS URL RELEASE NUMBER. Exit 0 where there are fewer."""

import os
import signal
import sys
from typing import Any

import simulated

from components.hosts.site import Site
from components.release.store import connect
from components.rollout import coordinator


def main(address, url, release, number):
    simulated.hurry()
    store: Any = connect(address)
    count = 0

    def dying(write):
        def wrapped(*arguments):
            nonlocal count
            count += 1
            mine = count  # to replace an object in a folder puts it
            write(*arguments)
            if mine == number:
                os.kill(os.getpid(), signal.SIGKILL)

        return wrapped

    for name in ("put", "replace", "delete"):
        setattr(store.objects, name, dying(getattr(store.objects, name)))
    coordinator.roll(Site(store, [], url, follow=True), release)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
