"""What an app has made of its sources before a release: assets, translations. By a command of its
own, in its folder, on the deploying machine."""

import os
import subprocess
from pathlib import Path

import pulumi

from cloud_init.host.base.masking import masked
from components.errors import SlipwayError, UsageError
from components.settings import App
from components.source.walk import Ignore

_BUILT = "slipway:app.built"


def run(folder: Path, app: App, dry: bool) -> None:
    """Runs it; a plan only says so, as it changes nothing. Raises `SlipwayError` with its last
    words, or where it didn't make what is to travel.

    Of the environment it isn't given what Pulumi has in it: settings, and what they are encrypted
    with."""
    ignore = Ignore(folder, app.built)
    if never := [path for path in app.built if ignore.covers(path, (folder / path).is_dir())]:
        raise UsageError(f"{_BUILT}: wanted what may be in a release, found {never[0]!r}, which never is; docs/settings.md lists those")
    if app.build is None:
        return None
    shown = masked(app.build)[:200]
    if dry:
        return pulumi.log.info(f"slipway:app.build: `{shown}` runs at `up` only; this is what is in the folder now")
    pulumi.log.info(f"slipway:app.build: {shown}")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", app.build], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        )  # fmt: skip
    except OSError as error:
        raise SlipwayError(f"slipway:app.build: wanted to run `{shown}`, found: {error.strerror}; mend it") from None
    if done.returncode:
        last = [line.strip() for line in done.stdout.splitlines() if line.strip()][-3:] or ["it said nothing"]
        wanted = f"slipway:app.build: wanted `{shown}` to end well, found exit code {done.returncode}"
        raise SlipwayError(f"{wanted}: {masked(' / '.join(last))[:500]}; nothing was launched")
    if missing := [path for path in app.built if not (folder / path).exists()]:
        raise UsageError(f"{_BUILT}: wanted {missing[0]!r} in the app's folder after `{shown}`, found nothing; correct one of the two")
