"""The programs that a manager keeps running, and commands of the settings as
/bin/sh runs them; those with a pipe by bash where there is one."""

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..base import COLOURS, Places, tail

CRON = "cron"  # the one extra process that runs on a single host: the elected one


@dataclass(frozen=True)
class Program:
    """`name` is also what the launcher is called with. `as_user`: starts as the app's user."""

    name: str
    as_user: bool = True
    stop_signal: str = "TERM"
    account: str = "user"  # which fact of the host names the user that runs it; the app's where there is no such fact
    always: bool = False  # started again whatever it ended with; otherwise exit 0 means that there is nothing to run
    retries: int = 3
    priority: int = 999  # low ones start first and stop last
    whole_group: bool = False  # ask every process of it to stop, not only the first: a shell does not pass a signal on


FRONT = Program("front", as_user=False, account="front_user", retries=10)
CONSTANT = (Program("blue"), Program("green"), FRONT)


def process(colour: str, name: str, command: str = "") -> Program:
    """One of the extra processes of the release that a colour runs."""
    return Program(f"{colour}-{name}", always=True, whole_group=not is_single(command))


def split(program: str) -> tuple[str, str]:
    """Colour and process of an extra process's program; ("", "") for any other."""
    colour, _, name = program.partition("-")
    return (colour, name) if colour in COLOURS and name else ("", "")


def is_database(program: str) -> bool:
    """Whether it is a database server: neither constant nor of a colour."""
    return program not in {one.name for one in CONSTANT} and not split(program)[0]


def memory_score(program: str) -> int:
    """`oom_score_adj`: where a server has no memory left the highest goes first."""
    if split(program)[0]:
        return 400
    return 200 if program in COLOURS else -100 if program == FRONT.name else -300


def log_path(places: Places, program: str) -> Path:
    return places.log / f"{program}.log"


def log_since(path: Path, mark: Optional[int], lines: int) -> tuple[list[str], int]:
    """Whole lines of a log since `mark` bytes, else the last `lines`; the mark where they end. A
    shorter log was rotated and is read from its start."""
    size = path.stat().st_size if path.exists() else 0
    if mark is None or size == mark:
        return (tail(path, lines) if mark is None and lines else []), size
    with path.open("rb") as file:
        file.seek(mark if size > mark else 0)
        data = file.read()
        whole = data.rfind(b"\n") + 1
        return data[:whole].decode("utf-8", "replace").splitlines(), file.tell() - len(data) + whole


def is_single(command: str) -> bool:
    """True for one program with its arguments: the shell makes way for it, and signals reach it."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|()")
    lexer.commenters = ""  # it would end a word at any #, which the shell doesn't
    try:
        return not any(set(word) <= set(";&|()") for word in lexer if word)
    except ValueError:
        return False


def becoming(command: str) -> list[str]:
    """The command to execute; a single program takes the shell's place."""
    alone = is_single(command) and not re.match(r"\s*(\w+=\S*\s+)*exec\s", command)
    return words(f"exec env {command}" if alone else command)


def words(command: str) -> list[str]:
    """What runs a command. bash tells of a pipe when any part of it failed, not its last alone."""
    piped = "|" in command.replace("||", "") and os.access("/bin/bash", os.X_OK)
    return [*(("/bin/bash", "-o", "pipefail") if piped else ("/bin/sh",)), "-c", command]


def failed(code: int) -> int:
    """The exit code, 0 for 141: what feeds a pipe whose reader has enough (`yes | …`) ends so."""
    return 0 if code == 141 else code
