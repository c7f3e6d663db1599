"""What the parts of a stack on any cloud share."""

import pulumi

from components.blocks.block import APP
from components.settings import Settings
from components.target import StackPlace


class CloudStack:
    """`name`: the app's, which begins resources' names; `own`: options of what is no cloud's."""

    def __init__(self, parent: pulumi.Resource, settings: Settings, place: StackPlace) -> None:
        self.settings, self.place, self.name = settings, place, settings.app.name
        self.tags = {"project": place.project, "stack": place.stack, "owner": "slipway", APP: settings.app.name}
        self.own = pulumi.ResourceOptions(parent=parent)

    @property
    def has_data_on_web(self) -> bool:
        """There is data on the web server itself."""
        database = self.settings.database
        return bool(self.settings.app.data) or (database.placement == "same-host" and database.engine != "none")

    @property
    def keeps_web(self) -> bool:
        """The web server stays when the stack goes, as its data does."""
        return self.has_data_on_web and self.settings.keep_data
