"""What all other folders use: places, files, locks, processes, steps. Imports contracts alone.
These names are in nearly every sentence about a host; others are called by their module."""

from .files import link, private_file, read_json, read_object, read_text, remove, replacing, target, template, unlink, write, write_json
from .outcome import Refused, Steps, note, refusal_of, tell
from .places import COLOURS, Colour, Places, other
from .user import as_user, done_as, give, own, private

__all__ = [
    "COLOURS", "Colour", "Places", "Refused", "Steps", "as_user", "done_as", "give", "link", "note", "other", "own", "private",
    "private_file", "read_json", "read_object", "read_text", "refusal_of", "remove", "replacing", "target", "tell", "template",
    "unlink", "write", "write_json",
]  # fmt: skip
