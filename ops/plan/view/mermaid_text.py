"""Text inside a label of a Mermaid diagram: only text, whatever it holds.

Codes (`#34;`) keep it from being Mermaid. But some versions read the text once more after the codes, as Markdown, as a formula, for
names of symbols and for written ends of lines; a space without width inside those marks, or a sign that looks the same, stops that.
"""

import re

_LONGEST = 40  # characters of one line of a label
_GAP = "\u200b"
_ALIKE = str.maketrans({"*": "\u2217", "`": "\u02cb", "~": "\u223c"})
_UNDERLINE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_MARKS = re.compile(r"[\\<&$@!\[\]#:ﬂ°¶](?!\s)|(?<=www)(?=\.)")
_START = re.compile(r"^(?=\s*[-+#>=|~\d])")
# Letters, digits, some signs and what isn't ASCII stand for themselves; Mermaid writes its own codes with a ring and a pilcrow.
_CODED = re.compile(r"[^\w .,+/()\-\u00a0-\U0010ffff]|[_°¶]")


def coded(text: str) -> str:
    """One line of a label, shortened."""
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    short = _UNDERLINE.sub("\uff3f", short.translate(_ALIKE))
    short = _START.sub(_GAP, _MARKS.sub(rf"\g<0>{_GAP}", short))
    return _CODED.sub(lambda found: f"#{ord(found[0])};", short)
