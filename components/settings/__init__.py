"""Stack config -> frozen, typed settings, declared once: errors and docs are made of models.py."""

from components.settings.kinds import BOOT, Kind, Model, number
from components.settings.models import App, DatabaseSettings, Http, Server, Settings
from components.settings.reader import load, parse, target_options

__all__ = ["BOOT", "App", "DatabaseSettings", "Http", "Kind", "Model", "Server", "Settings", "load", "number", "parse", "target_options"]
