"""The users of the database, shut out for a while: this host's app, or web hosts."""

from __future__ import annotations

from ..base.outcome import Refused, Steps
from ..base.places import Places
from ..front import maintenance
from ..processes import app, managers
from ..processes.managers.contract import Manager
from ..rollout import state
from ..rollout.state import Live
from . import backup
from .databases.agent import Agent
from .databases.cluster import ADMIN
from .databases.server import ServerDatabase

_PATIENCE = 30


class Users:
    """Whoever uses the database: they write nothing between `close` and `open`.

    `live`: the app of this host; None: apps on other hosts, whose role the database itself refuses,
    whatever those hosts do."""

    def __init__(self, places: Places, manager: Manager, release: str, live: Live | None) -> None:
        self.places, self.manager, self.release, self.live = places, manager, release, live

    def is_well(self) -> bool:
        """Whether the app answers, as far as this host can tell."""
        return self.live is not None and app.is_well(self.places, self.live)

    def close(self, steps: Steps) -> None:
        """Keeps all of them from writing, from here on."""
        if self.live is None:
            with steps.step("shut-out"):
                return self._shut_out(True)
        with steps.step("page-up"):
            maintenance.switch(self.places, True)
        with steps.step("stop-app"):
            app.stop(self.places, self.manager, self.live)

    def open(self, steps: Steps, must_be_well: bool) -> None:
        """Lets them write again. Raises `Refused` if the app must be well and isn't."""
        if self.live is None:
            with steps.step("let-in"):
                return self._shut_out(False)
        with steps.step("start-app"):
            app.start(self.places, self.manager, self.live, must_be_well)

    def page_down(self, steps: Steps, stays: bool) -> None:
        """Takes the maintenance page down, if there is one here and it doesn't stay."""
        if self.live:
            with steps.step("page-down"):
                maintenance.switch(self.places, stays)

    def _shut_out(self, out: bool) -> None:
        database = backup.database_of(self.places)
        if isinstance(database, ServerDatabase):
            database.run(self.manager)
            with Agent(self.places, database.manifest) as agent:
                agent.ask("connect", url=database.own().url(ADMIN), patience=_PATIENCE)
                database.own().shut_out(agent, out)


def of(places: Places) -> Users:
    """The users of this host's database. Raises `Refused` if nothing runs."""
    manager, live, release = managers.of(places), state.live(places), state.serving(places)
    if manager.running and places.role == "database" and release:
        return Users(places, manager, release, None)
    if manager.running and live:
        return Users(places, manager, live.release, live)
    raise Refused("restore: wanted a release that serves, found nothing running; run `./slipway up` first")
