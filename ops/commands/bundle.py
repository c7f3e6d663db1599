"""`bundle`: the app as a folder that needs no Slipway."""

import tarfile
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ops import call as calls
from ops.display import tables
from ops.stack import workplace

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder.")]


def bundle(context: typer.Context, folder: Folder, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """Write the app with all that its platform wants to a folder, for people who run it by hand."""
    from components.release import core

    call, place = calls.of(context), workplace.given(folder)
    work = workplace.enter(call)
    if not hasattr(work.target, "bundle"):
        calls.refuse(f"bundle: wanted a target whose platform takes a folder, found {work.settings.target}; `up` launches there")
    if place.exists():
        calls.refuse(f"bundle: wanted a new folder, found {folder}, which is there; remove it, or name another")
    made = work.target.bundle(work.settings, work.place.folder)
    identity = core.identity("bundle", made.manifest, {})  # nothing in it is secret
    with tempfile.TemporaryDirectory(prefix="slipway-") as packed:
        made.manifest.pack(identity, made.source, Path(packed) / "bundle")
        with tarfile.open(Path(packed) / "bundle") as tar:
            tar.extractall(place, filter="data")
    if call.as_json:
        tables.document({"folder": str(place), "release": identity})
    else:
        tables.line(f"Done: {folder} has release {identity}")
