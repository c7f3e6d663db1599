"""Who uses the database, kept from it for a while: the app of this host behind the maintenance page, or web hosts over the network."""

from __future__ import annotations

from typing import Protocol

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
from .databases.served import Served

STEPS = ("shut-out", "let-in")
_PATIENCE = 30


class Users(Protocol):
    """They write nothing between `close` and `open`."""

    release: str
    """Of the one that serves."""
    manager: Manager

    def is_well(self) -> bool:
        """Whether the app answers, as far as this host can tell."""

    def close(self, steps: Steps) -> None:
        """From here on nobody of the app writes."""

    def open(self, steps: Steps, must_be_well: bool) -> None:
        """The app works again. Raises `Refused` where it must be well and isn't."""

    def page_down(self, steps: Steps, stays: bool) -> None:
        """The maintenance page goes, unless it stays."""


class App:
    """The app of this host."""

    def __init__(self, places: Places, manager: Manager, live: Live) -> None:
        self.places, self.manager, self.live, self.release = places, manager, live, live.release

    def is_well(self) -> bool:
        return app.is_well(self.places, self.live)

    def close(self, steps: Steps) -> None:
        with steps.step("page-up"):
            maintenance.switch(self.places, True)
        with steps.step("stop-app"):
            app.stop(self.places, self.manager, self.live)

    def open(self, steps: Steps, must_be_well: bool) -> None:
        with steps.step("start-app"):
            app.start(self.places, self.manager, self.live, must_be_well)

    def page_down(self, steps: Steps, stays: bool) -> None:
        with steps.step("page-down"):
            maintenance.switch(self.places, stays)


class WebHosts:
    """Apps on other hosts: their role is refused by the database itself, whatever those hosts do."""

    def __init__(self, places: Places, manager: Manager, release: str) -> None:
        self.places, self.manager, self.release = places, manager, release

    def is_well(self) -> bool:
        return False

    def close(self, steps: Steps) -> None:
        with steps.step("shut-out"):
            self._shut_out(True)

    def open(self, steps: Steps, must_be_well: bool) -> None:
        with steps.step("let-in"):
            self._shut_out(False)

    def page_down(self, steps: Steps, stays: bool) -> None:
        """There is none here."""

    def _shut_out(self, out: bool) -> None:
        database = backup.database_of(self.places)
        if isinstance(database, Served):
            database.run(self.manager)
            with Agent(self.places, database.manifest) as agent:
                agent.ask("connect", url=database.own().url(ADMIN), patience=_PATIENCE)
                database.own().shut_out(agent, out)


def of(places: Places) -> Users:
    """Those of this host's database. Raises `Refused` where nothing runs."""
    manager, live, release = managers.of(places), state.live(places), state.serving(places)
    if manager.running and places.role == "database" and release:
        return WebHosts(places, manager, release)
    if manager.running and live:
        return App(places, manager, live)
    raise Refused("restore: wanted a release that serves, found nothing running; run `./slipway up` first")
