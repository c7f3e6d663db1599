"""What an app's files say it is started by: Procfile, Dockerfile, .flaskenv.

They are read, never run."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cloud_init.host.base.files import read_text

_FOLDERS = ("cd", "--chdir", "--app-dir", "--pythonpath", "--python-path", "--working-dir")
_APP = re.compile(r"[\w./-]*[A-Za-z_]\w*(\.py)?:[A-Za-z_][\w.]*(\(.*\))?")
_NO_APP = ("unix:", "python:", "file:", "fd:", "localhost:")


@dataclass(frozen=True)
class Named:
    """An app as a file names it: `app` is `shop:app`, `shop.py` or `wsgi`; `folder` is the one that
    its command goes into, seen from the app's; `file` is where that stands."""

    app: str
    folder: str
    file: str


def procfile(folder: Path) -> dict[str, str]:
    """The commands of the app's Procfile by their names."""
    return dict(re.findall(r"^([\w-]+)\s*:\s*(\S.*?)\s*$", read_text(folder / "Procfile"), re.MULTILINE))


def named(folder: Path) -> Iterator[Named]:
    """The apps that are named, what runs in production first. `.flaskenv` is of the app's own."""
    docker = re.sub(r"\\\s*\n", " ", read_text(folder / "Dockerfile"))
    kinds = [["", *re.findall(rf"(?im)^\s*{kind}\s+(.+?)\s*$", docker)][-1] for kind in ("ENTRYPOINT", "CMD")]
    yield from _started(folder, "Procfile", _words(procfile(folder).get("web", "")))
    yield from _started(folder, "Dockerfile", [word for kind in kinds for word in _words(kind)])
    yield from (Named(name, "", "Dockerfile") for name in re.findall(r"(?m)^ENV\s+FLASK_APP[ =](\S+)", docker)[-1:])
    flaskenv = re.findall(r"^\s*(?:export\s+)?FLASK_APP\s*=\s*(.*?)\s*$", read_text(folder / ".flaskenv"), re.MULTILINE)
    if flaskenv:
        value = re.sub(r"\s+#.*", "", flaskenv[-1])
        yield Named(value[1:-1] if value[:1] in "\"'" and value[-1:] == value[:1] else value, "", ".flaskenv")


def _words(command: str) -> list[str]:
    """A command split as a shell does, and options from their values; a list in JSON is split
    already."""
    try:
        if command.startswith("["):
            words = [str(one) for one in json.loads(command)]
        else:
            lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|")
            lexer.whitespace_split, lexer.commenters = True, ""
            words = list(lexer)
    except ValueError:
        words = command.split()
    words = [*words[:-1], *_words(words[-1])] if words[-2:-1] == ["-c"] else words  # of a shell
    return [part for word in words for part in (word.split("=", 1) if word[:2] == "--" else [word])]


def _started(folder: Path, file: str, words: list[str]) -> Iterator[Named]:
    """The last word that names an app, of the command or of scripts of the app's that it starts."""
    scripts = [folder / path for word in words if word.endswith(".sh") for path in {word.lstrip("./"), Path(word).name}]
    words = [*(word for script in scripts for line in read_text(script).splitlines() for word in _words(line)), *words]
    apps = [word for word in words if _APP.fullmatch(word) and not word.startswith(_NO_APP)]
    folders = [after.strip("/").removeprefix("./").strip(".") for word, after in pairwise(words) if word in _FOLDERS]
    place = next((one for one in folders if (folder / one).is_dir()), "")
    call = "()" if "--call" in words and apps and apps[-1][-1] != ")" else ""
    yield from (Named(f"{app}{call}", place, file) for app in apps[-1:])
