"""What all other folders use: places, files, locks, processes, steps. Imports contracts alone.
These names are in nearly every sentence about a host; others are called by their module."""

from .files import link, private_file, read_object, read_text, remove, replacing, target, template, unlink, write, write_json
from .outcome import Refused, Steps, note, refusal_of
from .places import COLOURS, Colour, Places, other

__all__ = [
    "COLOURS", "Colour", "Places", "Refused", "Steps", "link", "note", "other", "private_file", "read_object", "read_text", "refusal_of",
    "remove", "replacing", "target", "template", "unlink", "write", "write_json",
]  # fmt: skip
