"""The release that serves on this host, read from the links, and noted on disk for a reboot."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ..base import COLOURS, Colour, Places, note, other, read_object, refusal_of, target, unlink, write_json

CANDIDATE = "candidate.json"  # in LIB of a database host: the release that is prepared


@dataclass(frozen=True)
class Live:
    colour: Colour
    release: str


def live(places: Places) -> Optional[Live]:
    """The colour and release that serve now; None before the first release."""
    name = target(places.live)
    release = linked(places.colour(name)) if name else None
    return Live(places.colour(name), release) if name and release else None


def idle(places: Places) -> Colour:
    name = target(places.live)
    return places.colour(other(name) if name else COLOURS[0])


def linked(colour: Colour) -> Optional[str]:
    """The release that a colour is linked to."""
    release = target(colour.link)
    return Path(release).name if release else None


def remember(places: Places, colour: Colour, generation: int) -> None:
    """Notes the colour that is about to serve, for a reboot."""
    now = live(places)
    before = target(places.previous) if now and now.colour.name == colour.name else now and now.release
    state = {
        "release": linked(colour),
        "colour": colour.name,
        "previous": Path(before).name if before else None,
        "generation": generation,
        "since": time.time(),
    }
    write_json(places.lib / "state.json", state)


def put_back(places: Places, noted: dict[str, Any]) -> None:
    """Undoes `remember`. If it can't, which is told, a reboot would serve the refused release."""
    try:
        if noted:
            write_json(places.lib / "state.json", noted)
        else:
            unlink(places.lib / "state.json")
    except OSError as error:
        note(f"not noted what serves: {refusal_of(error)}")


def remembered(places: Places) -> dict[str, Any]:
    """The note as it was written last; empty before the first release."""
    return read_object(places.lib / "state.json")


def serving(places: Places) -> Optional[str]:
    """The release that serves, or would if anything ran; on a database host the one noted."""
    now = live(places)
    return now.release if now else remembered(places).get("release")


def served(places: Places) -> Optional[str]:
    """The release that serves now; on a database host the one whose database does."""
    now = live(places)
    return serving(places) if places.role == "database" else now.release if now else None


def prepared(places: Places) -> Optional[str]:
    """The release that stands ready beside it."""
    return read_object(places.lib / CANDIDATE).get("release") if places.role == "database" else linked(idle(places))


def newest(places: Places) -> list[str]:
    """The ids of the releases that were made ready, the newest first."""
    ready = [path for path in (places.srv / "releases").glob("*/ready") if not path.parent.name.startswith(".")]
    times = {path.parent.name: read_object(path).get("at") for path in ready}
    return sorted(times, key=lambda name: at if isinstance(at := times[name], (int, float)) else 0, reverse=True)
