"""Values of a comparison stay short, whatever they are: a line of a text, a small mapping, or how much there is."""

import json
from typing import Any

from policy.plan import is_secret, is_unknown
from policy.values import one_line

_LONGEST = 160  # characters


def short(value: Any) -> Any:
    """The value if it fits a line; marks as they are."""
    if isinstance(value, str):
        first = one_line(value.split("\n", 1)[0] if "\n" in value else value)
        return first if len(first) <= _LONGEST and "\n" not in value else first[:_LONGEST] + "…"
    if not isinstance(value, dict | list | tuple) or is_unknown(value) or is_secret(value):
        return value
    if len(json.dumps(value, ensure_ascii=False, default=str)) <= _LONGEST:
        return value
    return f"({'a mapping' if isinstance(value, dict) else 'a list'} of {len(value)})"
