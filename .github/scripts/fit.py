"""Makes text of unknown origin fit for a bot's comment.

It calls nobody, commands no other bot, turns no text around, isn't too long.
"""

import re

# GitHub takes 65,536 characters; bytes are counted here, which are never fewer.
LIMIT = 60_000

_BREAK = "\u200b"  # no width: it reads the same
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MENTION = re.compile(r"@(?=[A-Za-z0-9])")
_COMMAND = re.compile(r"^([ \t]*)/(?=[A-Za-z])", re.MULTILINE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def fit(text: str, rest: str, limit: int = LIMIT) -> str:
    """`text`, cut after a whole line where it is too long. It then says how many lines that leaves
    off, and `rest`: where all of it is."""
    clean = _CONTROL.sub("", text.replace("\r\n", "\n"))
    clean = _COMMAND.sub(rf"\1{_BREAK}/", _MENTION.sub(f"@{_BREAK}", clean))
    if len(clean.encode()) <= limit:
        return clean
    kept, room, lines = [], limit, clean.splitlines()
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join([*kept, *_closing(kept), "", f"**{len(lines) - len(kept)} more lines are left off.** {rest}".rstrip()])


def _closing(lines: list[str]) -> list[str]:
    """What ends all that is still open after `lines`."""
    fence, details = "", 0
    for line in lines:
        if found := _FENCE.match(line):
            mark = found[1]
            if not fence:
                fence = mark
            elif mark.startswith(fence) and not line.strip(f" {mark[0]}"):
                fence = ""
        elif not fence:
            details += line.startswith("<details") - line.startswith("</details>")  # elsewhere it is text
    return [fence] * bool(fence) + [""] + ["</details>"] * details
