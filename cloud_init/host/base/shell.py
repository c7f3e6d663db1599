"""Commands of the settings, as /bin/sh runs them; those with a pipe by bash where there is one."""

import os
import re
import shlex

# Words that the shell itself understands: a process of that name can't take its place.
_OWN = frozenset({
    ".", ":", "[", "[[", "alias", "bg", "break", "builtin", "caller", "case", "cd", "chdir", "command", "continue", "coproc", "declare",
    "dirs", "disown", "do", "done", "echo", "elif", "else", "enable", "esac", "eval", "exec", "exit", "export", "false", "fc", "fg", "fi",
    "for", "function", "getopts", "hash", "history", "if", "in", "jobs", "kill", "let", "local", "logout", "mapfile", "newgrp", "popd",
    "printf", "pushd", "pwd", "read", "readonly", "return", "select", "set", "shift", "shopt", "source", "suspend", "test", "then",
    "time", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset", "until", "wait", "while",
})  # fmt: skip
# Variables set for the program, then its name in plain letters: what may come of `$X` or a glob
# there is only known to the shell.
_VALUE = r"""(?:[^\s'"\\`;&|()<>#]|'[^']*'|"[^"\\`(]*")*"""
_START = re.compile(rf"\s*((?:[A-Za-z_][A-Za-z0-9_]*={_VALUE}\s+)*)(?P<program>[A-Za-z0-9_./][A-Za-z0-9_./+-]*)(?!\S)", re.ASCII)


def is_single(command: str) -> bool:
    """True for one program with its arguments: the shell can `exec` it, and signals reach it."""
    start = _START.match(command)
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|()")
    lexer.commenters = ""  # it would end a word at any #, which the shell doesn't
    try:
        words = list(lexer)
    except ValueError:
        return False
    known = start is not None and start["program"] not in _OWN
    return known and not any(set(word) <= set(";&|()") for word in words if word)


def becoming(command: str) -> list[str]:
    """The command to execute, with `exec` after what is set for its program."""
    start = _START.match(command)
    if start and is_single(command):
        command = f"{command[: start.start('program')]}exec {command[start.start('program') :]}"
    return words(command)


def words(command: str) -> list[str]:
    """What runs a command. bash tells of a pipe when any part of it failed, not its last alone."""
    piped = "|" in command.replace("||", "") and os.access("/bin/bash", os.X_OK)
    return [*(("/bin/bash", "-o", "pipefail") if piped else ("/bin/sh",)), "-c", command]


def failed(code: int) -> int:
    """The exit code, 0 for 141: what feeds a pipe whose reader has enough (`yes | …`) ends so."""
    return 0 if code == 141 else code
