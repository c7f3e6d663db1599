"""What of a property differs, down to the place: a long text or a mapping is never shown whole."""

import json
from typing import Any

from rich.text import Text

from ops.display import places

_LONGEST = 70  # characters: old and new fit a wide line
_SENTENCE = 200  # characters: what replaces nothing may be a sentence about why, and is no use without its end
_MOST = 12  # lines for one property


def lines(key: str, old: Any, new: Any) -> list[Text]:
    """One line for each place that differs."""
    if old is None and new in ("", "{}", "[]", {}, []):
        return []
    found = [_line(str(one), one.old, one.new) for one in places.differing(key, old, new)] or [_line(key, old, new)]
    more = len(found) - _MOST
    return found if more <= 0 else [*found[:_MOST], Text(f"… and {more} more", "dim")]


def _line(key: str, old: Any, new: Any) -> Text:
    if old in (None, ""):
        sentence = old == "" and isinstance(new, str)
        return Text.assemble((f"{key}: ", "dim"), _short(new, _SENTENCE if sentence else _LONGEST))
    return Text.assemble((f"{key}: ", "dim"), _short(old), (" -> ", "dim"), _short(new))


def _short(value: Any, longest: int = _LONGEST) -> str:
    value = "nothing" if value is None else value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"
