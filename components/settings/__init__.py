"""Stack config -> frozen, typed settings. A key is declared once, in models.py; errors and docs/settings.md derive from it."""

from components.settings.models import App, Database, Http, Server, Settings
from components.settings.program import load
from components.settings.reader import parse, target_options
from components.settings.schema import BOOT, Kind, Model, number

__all__ = [
    "BOOT",
    "App",
    "Database",
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
