"""`open`: the app in a browser."""

import os
import sys
import webbrowser

import typer

from ops import call as calls
from ops.display import tables
from ops.stack import workplace


def browse(context: typer.Context, stack: calls.Stack = None) -> None:
    """Print the app's address and open it in a browser."""
    url = workplace.enter(calls.of(context)).deployment().url
    tables.line(url)
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)
