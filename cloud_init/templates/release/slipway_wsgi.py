"""The WSGI callable that servers load: the app, wrapped so that every answer names its release."""

import importlib
import json
import os
import sys
from pathlib import Path

FILES = Path(__file__).resolve().parent
SOURCE = FILES.parent / "src"


def release():
    """In a host's environment, in a bundle's file: a platform's environment outlives a release."""
    file = FILES / "release"
    if file.is_file():
        os.environ["SLIPWAY_RELEASE"] = file.read_text(encoding="utf-8").strip()  # for the app too
    return os.environ.get("SLIPWAY_RELEASE", "unknown")


def load(module):
    """`package.module:name`, or `package.module:factory()` for a callable that makes the app."""
    name, _, attribute = module.partition(":")
    value = importlib.import_module(name)
    for part in attribute.removesuffix("()").split("."):
        value = getattr(value, part)
    return value() if attribute.endswith("()") else value


def told(environ):
    """The client's address and scheme as the front server tells them: a socket tells neither."""
    environ["REMOTE_ADDR"] = environ.get("HTTP_X_REAL_IP") or environ.get("REMOTE_ADDR") or "127.0.0.1"
    if environ.get("HTTP_X_FORWARDED_PROTO") in ("http", "https"):
        environ["wsgi.url_scheme"] = environ["HTTP_X_FORWARDED_PROTO"]


def named(app, release):
    """The app with `X-Release-Id` on every answer."""

    def application(environ, start_response):
        told(environ)

        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("X-Release-Id", release)], exc_info)

        return app(environ, start)

    return application


sys.path[:0] = [str(folder) for folder in (SOURCE, SOURCE / "src") if folder.is_dir()]
application = named(load(json.loads((FILES / "server.json").read_text(encoding="utf-8"))["module"]), release())
