"""`ignoreChanges`: which places a resource's options leave out."""

import re

from ops.display.differences import Path

_STEP = re.compile(r"""\["((?:[^"\\]|\\.)*)"\]|\[([^\]]*)\]|([^.\[]+)""")


def ignored(path: Path, patterns: tuple[str, ...]) -> bool:
    """The place, or something that it is in, is named: `ami`, `tags.owner`, `tags["a.b"]`, `ingress[0]`, `*` for any one step."""
    return any(_covers([quoted or item or key for quoted, item, key in _STEP.findall(pattern)], path) for pattern in patterns)


def _covers(steps: list[str], path: Path) -> bool:
    if not steps or len(steps) > len(path):
        return False
    return all(step in ("*", place.name) for step, place in zip(steps, path, strict=False))
