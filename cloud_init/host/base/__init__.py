"""What all other folders use: places, files, locks, processes, steps. Imports contracts alone."""

from .files import link_or_copy, make_folder, make_way, mark_ready, object_in, read_foreign, sha256_of, size_of, sync, sync_tree, tail

# isort: split
from .files import link, private_file, read_json, read_object, read_text, remove, replacing, target, template, unlink, write, write_json
from .outcome import Locked, Refused, Steps, all_of, cause, emit, note, refusal, refusal_of, tell, up_to_cause
from .places import COLOURS, HTTP, Colour, Places, other
from .user import FRONT_GROUP, as_user, done_as, front_group, give, go_on_as, own, private, with_port

__all__ = [
    "COLOURS", "FRONT_GROUP", "HTTP", "Colour", "Locked", "Places", "Refused", "Steps", "all_of", "as_user", "cause", "done_as", "emit",
    "front_group", "give", "go_on_as", "link", "link_or_copy", "make_folder", "make_way", "mark_ready", "note", "object_in", "other",
    "own", "private", "private_file", "read_foreign", "read_json", "read_object", "read_text", "refusal", "refusal_of", "remove",
    "replacing", "sha256_of", "size_of", "sync", "sync_tree", "tail", "target", "tell", "template", "unlink", "up_to_cause", "with_port",
    "write", "write_json",
]  # fmt: skip
