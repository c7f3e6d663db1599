"""Commands of the settings, as /bin/sh runs them."""

from __future__ import annotations

import shlex

# Words that the shell itself understands: a process of that name can't take its place.
_OWN = frozenset(
    (
        *(".", "[", "{", "!", "alias", "cd", "command", "do", "done", "eval", "exec", "exit", "export", "for", "if", "read", "set"),
        *("shift", "source", "test", "then", "time", "trap", "ulimit", "umask", "until", "wait", "while"),
    )
)


def is_single(command: str) -> bool:
    """True for one program with its arguments: the shell can make way for it, and signals reach it."""
    try:
        words = list(shlex.shlex(command, posix=True, punctuation_chars=";&|()"))
        first = next(word for word in shlex.split(command) if "=" not in word)
    except (ValueError, StopIteration):
        return False
    return first not in _OWN and not any(set(word) <= set(";&|()") for word in words if word)


def becoming(command: str) -> list[str]:
    """The command to execute; `env` takes what is set before the program's name."""
    return ["/bin/sh", "-c", f"exec env {command}" if is_single(command) else command]
