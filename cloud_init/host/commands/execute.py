"""A command in the environment of the release that serves, run as the app's user."""

from __future__ import annotations

import os
from typing import NoReturn

from ..base.outcome import Refused
from ..base.places import Places
from ..base.user import go_on_as
from ..release import manifests, runtime
from ..rollout import state


def run(places: Places, words: list[str]) -> NoReturn:
    """This process goes on as that command, in the release's sources."""
    command = words[1:] if words[:1] == ["--"] else words
    now = state.live(places)
    if not command:
        raise Refused("exec: wanted a command, found none; for example `exec -- flask shell`")
    if now is None:
        raise Refused("exec: wanted a release that serves, found none; run `up` first")
    folder = places.release(now.release)
    manifest = manifests.read(folder)
    terminal = {"TERM": os.environ["TERM"]} if "TERM" in os.environ else {}
    environment = {"FLASK_APP": manifest.module, **terminal, **runtime.variables(places, folder, manifest)}
    os.chdir(folder / "src")
    user = places.user
    if user is not None and os.geteuid() == 0:
        go_on_as(user)
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        raise Refused(f"exec: {command[0]!r} can't be run ({error.strerror}); look in {folder / 'venv/bin'}") from None
