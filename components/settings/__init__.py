"""Stack config -> frozen, typed settings. A key is declared once, in models.py; errors and docs/settings.md derive from it."""

from components.settings.kinds import BOOT, Kind, Model, number
from components.settings.models import App, DatabaseSettings, Http, Server, Settings
from components.settings.reader import load, parse, target_options

__all__ = [
    "BOOT",
    "App",
    "DatabaseSettings",
    "Http",
    "Kind",
    "Model",
    "Server",
    "Settings",
    "load",
    "number",
    "parse",
    "target_options",
]
