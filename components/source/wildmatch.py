"""Lines of a .gitignore as git reads them (gitignore(5), wildmatch), as patterns."""

import re
from dataclasses import dataclass

_NEVER = r"(?!)"
_SPECIAL = set("*?[\\")
_CLASSES = {
    "alnum": r"a-zA-Z0-9",
    "alpha": r"a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": r"0-9",
    "graph": r"!-~",
    "lower": r"a-z",
    "print": r" -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t-\r",
    "upper": r"A-Z",
    "xdigit": r"0-9a-fA-F",
}


@dataclass(frozen=True)
class Pattern:
    """What a line names. What is below an ignored folder need not match: nobody looks there."""

    regex: re.Pattern[str]
    negative: bool
    folders_only: bool
    by_name: bool

    def names(self, path: str, is_folder: bool) -> bool:
        """`path` is relative to the folder of the ignore file, with `/` between its parts."""
        if self.folders_only and not is_folder:
            return False
        return self.regex.fullmatch(_bytes(path.rpartition("/")[2] if self.by_name else path)) is not None


def patterns(text: str) -> list[Pattern]:
    """The patterns of a file, in its order."""
    lines = _bytes(text.removeprefix("\ufeff")).split("\n")
    return [one for line in lines if (one := _pattern(_trimmed(line.removesuffix("\r"))))]


def _bytes(text: str) -> str:
    """A letter for each byte: to git `?` is one byte, and so half of an é."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def _trimmed(line: str) -> str:
    """Without spaces at the end, but for one after a backslash."""
    words = re.fullmatch(r"((?:\\.|[^\\])*?)( *)", line, re.DOTALL)
    return words[1] if words else line


def _pattern(line: str) -> Pattern | None:
    if not line or line.startswith("#"):
        return None
    negative = line.startswith("!")
    line = line[negative:]
    folders_only = line.endswith("/")
    line = line[: len(line) - folders_only]
    by_name = "/" not in line
    return Pattern(re.compile(_regex(line.removeprefix("/")), re.DOTALL), negative, folders_only, by_name)


def _regex(glob: str) -> str:
    """`*` and `?` stop at `/`; `**` between slashes spans folders."""
    result, position = "", 0
    while position < len(glob):
        piece, position = _piece(glob, position)
        if piece == _NEVER:
            return _NEVER
        result += piece
    return result


def _piece(glob: str, position: int) -> tuple[str, int]:
    letter = glob[position]
    if letter == "*":
        return _stars(glob, position)
    if letter == "?":
        return "[^/]", position + 1
    if letter == "[":
        return _set(glob, position + 1)
    if letter == "\\":
        return (re.escape(glob[position + 1]), position + 2) if position + 1 < len(glob) else (_NEVER, position)
    return re.escape(letter), position + 1


def _stars(glob: str, position: int) -> tuple[str, int]:
    end = position
    while glob[end : end + 1] == "*":
        end += 1
    # git compares the text before the first special letter by itself: stars after it stand alone.
    starts = not set(glob[:position]) & _SPECIAL or glob[position - 1] == "/"
    alone = starts and (end == len(glob) or glob[end] == "/")
    if end - position < 2 or not alone:
        return "[^/]*", end
    return (".*", end) if end == len(glob) else ("(?:.*/)?", end + 1)


def _set(glob: str, position: int) -> tuple[str, int]:
    """`[a-z]`, `[!a]`, `[[:digit:]]`; never a slash. Without its end the pattern names nothing."""
    negative = glob[position : position + 1] in ("!", "^")
    position += negative
    members, first = "", True
    while position < len(glob) and (first or glob[position] != "]"):
        member, position = _member(glob, position)
        members, first = members + member, False
    if position >= len(glob):
        return _NEVER, position
    chosen = f"[{members}]" if members else _NEVER
    return f"(?!/)(?!{chosen})." if negative else f"(?!/){chosen}", position + 1


def _member(glob: str, position: int) -> tuple[str, int]:
    """One member of a set as Python writes it, and where the next starts."""
    if named := re.compile(r"\[:([a-z]*):\]").match(glob, position):
        return _CLASSES.get(named[1], ""), named.end()
    low, position = _letter(glob, position)
    if glob[position : position + 1] == "-" and glob[position + 1 : position + 2] not in ("", "]"):
        high, position = _letter(glob, position + 1)
        return (f"{re.escape(low)}-{re.escape(high)}" if low <= high else re.escape(low)), position
    return re.escape(low), position


def _letter(glob: str, position: int) -> tuple[str, int]:
    position += glob[position] == "\\" and position + 1 < len(glob)
    return glob[position], position + 1
