"""`exec`, `logs`, `open`, `maintenance`, `bundle`: the app from inside, from outside, by hand."""

import os
import sys
import tarfile
import tempfile
import webbrowser
from pathlib import Path
from typing import Annotated, Literal

import typer

from components.errors import UsageError
from components.hosts import progress
from components.release import core
from ops import call as calls
from ops.display import tables
from ops.display.progress import shown
from ops.stack import workplace

Command = Annotated[list[str], typer.Argument(metavar="-- COMMAND", help="What to run, in the app's folder, as the app's user.")]
HostName = Annotated[str | None, typer.Option("--host", metavar="NAME", help="On which host [default: the first web host].")]
Follow = Annotated[bool, typer.Option("-f", "--follow", help="Go on showing new lines.")]
Lines = Annotated[int, typer.Option("-n", "--lines", min=0, help="How many last lines.")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder.")]
State = Annotated[Literal["on", "off"], typer.Argument(metavar="on|off", help="Put the page up, or take it down.")]


def execute(call: calls.OfStack, command: Command, host: HostName = None) -> None:
    """Run a command in the live release's environment."""
    raise typer.Exit(workplace.enter(call).deployment().run(command, host))


def logs(call: calls.OfStack, follow: Follow = False, lines: Lines = 50) -> None:
    """Show the app's last log lines."""
    out = tables.Tolerant(sys.stdout)
    for text in workplace.enter(call).deployment(acts=False).logs(lines, follow):
        out.write(progress.readable(text.rstrip("\r\n")) + "\n")
        out.flush()
        if out.gone:
            return


def browse(call: calls.OfStack) -> None:
    """Print the app's address and open it in a browser."""
    url = workplace.enter(call).deployment(acts=False).url
    tables.line(url)
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)


def maintenance(call: calls.InJson, state: State) -> None:
    """Answer every request with a maintenance page, or no longer."""
    deployment = workplace.enter(call).deployment()
    with shown(stderr=call.as_json):
        answers = deployment.maintenance(state == "on")
    if call.as_json:
        hosts = [one.model_dump() for one in answers]
        tables.document({"stack": call.stack, "maintenance": state, "hosts": hosts})
    elif all(one.ok for one in answers):
        now = "answers with the maintenance page" if state == "on" else "is the app again"
        tables.line(f"Done: {deployment.url} {now}")
    calls.fail_if_bad(answers)


def bundle(call: calls.InJson, folder: Folder) -> None:
    """Write the app with all that its platform wants to a folder, for people who run it by hand."""
    work, place = workplace.enter(call), workplace.given(folder)
    if not hasattr(work.target, "bundle"):
        raise UsageError(f"bundle: wanted a target whose platform takes a folder, found {work.settings.target}; `up` launches there")
    if place.exists():
        raise UsageError(f"bundle: wanted a new folder, found {folder}, which is there; remove it, or name another")
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
