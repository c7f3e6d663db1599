"""Finding an app in its folder by reading it, never importing it: what to serve, what it needs."""

from components.source.discovery import AppSource, find_app

__all__ = ["AppSource", "find_app"]
