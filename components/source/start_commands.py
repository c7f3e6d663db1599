"""What an app's files say it is started by: Procfile, Dockerfile, uWSGI's configuration, .flaskenv.

They are read, never run."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cloud_init.host.base.files import read_text

_SERVERS = {"gunicorn", "uwsgi", "waitress-serve", "granian", "flask"}
_FOLDERS = ("--chdir", "--app-dir", "--pythonpath", "--python-path", "--working-dir")
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
    for file, command in _commands(folder):
        yield from _of_command(folder, file, command)
    for path in sorted(folder.glob("*.ini")):
        if "[uwsgi]" in read_text(path):
            yield from _of_command(folder, path.name, f"uwsgi {path.name}")
    flaskenv = re.findall(r"^\s*(?:export\s+)?FLASK_APP\s*=\s*(.*?)\s*$", read_text(folder / ".flaskenv"), re.MULTILINE)
    if flaskenv:
        value = re.sub(r"\s+#.*", "", flaskenv[-1])
        yield Named(value[1:-1] if value[:1] in "\"'" and value[-1:] == value[:1] else value, "", ".flaskenv")


def _commands(folder: Path) -> Iterator[tuple[str, str | list[str]]]:
    if web := procfile(folder).get("web"):
        yield "Procfile", web
    docker = re.sub(r"\\\s*\n", " ", read_text(folder / "Dockerfile"))
    words = []
    for kind in ("ENTRYPOINT", "CMD"):
        words += _words(["", *re.findall(rf"(?im)^\s*{kind}\s+(.+?)\s*$", docker)][-1])
    yield "Dockerfile", words
    yield from (("Dockerfile", f"flask --app {name} run") for name in re.findall(r"(?m)^ENV\s+FLASK_APP[ =](\S+)", docker)[-1:])


def _words(command: str) -> list[str]:
    """A command split as a shell does; a list in JSON is split already."""
    try:
        if command.startswith("["):
            return [str(one) for one in json.loads(command)]
        lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split, lexer.commenters = True, ""
        return list(lexer)
    except ValueError:
        return command.split()


def _of_command(folder: Path, file: str, command: str | list[str]) -> Iterator[Named]:
    words, place, part = _words(command) if isinstance(command, str) else command, "", list[str]()
    for word in [*words, ";"]:
        if set(word) - set(";&|"):
            part.append(word)
        elif part[:1] == ["cd"]:
            place, part = part[-1], []
        else:
            yield from _of_words(folder, file, part, place)
            part = []


def _of_words(folder: Path, file: str, words: list[str], place: str = "") -> Iterator[Named]:
    """One program with its arguments, whatever stands before it (`exec`, `poetry run`, `sh -c`)."""
    for number, word in enumerate(words):
        program, arguments = word.rpartition("/")[2], words[number + 1 :]
        if program in _SERVERS or (re.fullmatch(r"python[0-9.]*", program) and arguments[:1] != ["-m"]):
            yield from _of_program(folder, file, program, arguments, place)
            return
        if " " in word and words[number - 1 : number] == ["-c"]:
            yield from _of_command(folder, file, word)
            return
        if program.endswith(".sh"):
            for line in read_text(folder / word.removeprefix("./") if (folder / word).is_file() else folder / program).splitlines():
                yield from _of_command(folder, file, line)
            return


def _of_program(folder: Path, file: str, program: str, words: list[str], place: str) -> Iterator[Named]:
    if program == "uwsgi":
        for name in [*_options(words, "--ini"), *(word for word in words if word.endswith(".ini") and word[0] != "-")]:
            found = re.findall(r"^\s*([\w-]+)\s*=\s*(.*?)\s*$", read_text(folder / place / name), re.MULTILINE)
            words = [*words, *(f"--{key}={value}" for key, value in found)]
        app = [*_options(words, "--module", "-w", "--wsgi"), *_options(words, "--wsgi-file", "--file")][:1]
        app = [f"{one}:{(_options(words, '--callable') or ['application'])[-1]}" if ":" not in one else one for one in app]
    elif program == "flask":
        app = _options(words, "--app", "-A")
    elif program.startswith("python"):
        app = [word for word in words[:1] if word.endswith(".py") and "/" not in word.removeprefix("./")]
    else:
        app = [one for one in words if _APP.fullmatch(one) and not one.startswith(_NO_APP)][-1:]
        if not app and words and re.fullmatch(r"[A-Za-z_][\w.]*", words[-1]):
            app = [f"{words[-1]}:application"]
        app = [f"{one}()" if "--call" in words and one[-1] != ")" else one for one in app]
    where = ([place] if place else _options(words, *_FOLDERS))[:1]
    folders = [one.strip("/").removeprefix("./").strip(".") for one in where if (folder / one).is_dir()]
    yield from (Named(one, "".join(folders), file) for one in app)


def _options(words: list[str], *names: str) -> list[str]:
    """The values that a command line gives an option, in their order."""
    given = [after for word, after in pairwise(words) if word in names]
    return given + [word.partition("=")[2] for word in words if word.partition("=")[0] in names and "=" in word]
