"""Odd values on their way into files: each is refused in one line, or the file, read back by its own reader, holds exactly that value."""

import ast
import configparser
import json
import re
import shlex
import string
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import crossplane
import documents
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from supervisor.options import ServerOptions, UnhosedConfigParser

sys.path.insert(0, str(Path(__file__).parents[1]))
import hostile
from speeds import examples

from cloud_init.host import contracts
from cloud_init.host.base import places as installed
from cloud_init.host.base.outcome import Refused
from cloud_init.host.processes import programs
from cloud_init.host.processes.managers import supervisor, systemd
from cloud_init.host.release import files as materialise
from cloud_init.host_files import Front, HostFileError, WebHost
from cloud_init.render import host_files
from components import target
from components.errors import SlipwayError, UsageError
from components.release import core
from components.settings import parse
from components.targets import local

FRONTS = ("nginx", "apache")
LISTEN = ("127.0.0.1:8080",)
NOT_IN_FILES = {
    *("tls.directory", "tls.email", "tls.strict", "tls.certificate", "database.appMayMigrate"),  # arguments of a program, or no text
    *("target", "app.path", "manager", "domain", "http.redirectDomains[item]"),  # where things are, not what they hold
    *("keepData", "lastSnapshot"),  # of clouds
    *("server.kind", "server.workerClass", "front", "database.engine", "database.placement"),  # a few words, each with tests of its own
    *("secretEnv[name]", "secretEnv[value]"),  # as app.env: see the last test
    *("http.path", "http.errorPages", "http.snippet"),  # tests/release/test_door_settings.py
    *("secretLogins[name]", "secretLogins[value]"),
    *("secretInstall[name]", "secretInstall[value]", "secretTls[name]", "secretTls[value]"),
    *("secretRegistry[name]", "secretRegistry[value]"),  # of the installer, of the front
    *("app.requirements", "app.packages[item]", "app.build", "app.built[item]"),  # what an app is made of: no text of a file
}
# What a target's own section holds says where hosts are.
SLOTS = [slot for slot in hostile.slots() if str(slot) not in NOT_IN_FILES and slot.path[0] not in target.names()]
PRINTABLE = st.text(string.printable, max_size=12)
QUICK = settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="session", autouse=True)
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app that any module of any name may come from: an installed package has no source here."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "wsgi.py").write_text("app = Flask(__name__)\n")
    (folder / "requirements.txt").write_text("flask\n")
    return folder


def planned(app: Path, slot: hostile.Slot, value: Any, front: str) -> tuple[Any, dict[str, Any]]:
    """The value as the settings hold it, and the manifest of a release with it."""
    raw = {"slipway:front": front, **slot.put(value)}
    raw["slipway:app"] = {"path": str(app), **raw["slipway:app"]}
    taken = parse(raw, [], "dev")
    held: Any = taken
    for name in slot.path:
        held = getattr(held, re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name))
    return held, contracts.document(core.plan(taken, Path("/"), LISTEN, LISTEN[0]).manifest)


def words_of_apache(text: str) -> list[list[str]]:
    """Directives as Apache splits them, those of mod_rewrite as that does: a backslash before a quote means nothing there."""
    lines = [line.split(None, 1) for line in text.replace("\\\n", "").split("\n")]
    return [[line[0], *_arguments(*line)] for line in lines if line and not line[0].startswith("#")]


def _arguments(name: str, rest: str = "") -> list[str]:
    if not name.startswith("Rewrite"):
        quoted = r'"((?:\\[\\"]|[^"\\]|\\(?![\\"]))*)"'
        matches = re.finditer(rf"{quoted}|\S+", rest)
        return [match[0] if match[1] is None else re.sub(r'\\([\\"])', r"\1", match[1]) for match in matches]
    words = [
        match[1] if match[1] is not None else match[0] for match in re.finditer(r'"([^"]*)"(?!\S)|[^"\s]\S*|.', rest) if match[0] != " "
    ]
    return [re.sub(r"\\(.)", r"\1", words[0]), *words[1:]] if name == "RewriteRule" else words  # a pattern of escaped letters, as its text


def words_of_nginx(text: str, folder: Path) -> list[Any]:
    """Directives as nginx's own syntax has them, without lines."""
    path = folder / "nginx.conf"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    told = crossplane.parse(str(path), single=True, check_ctx=False, check_args=False, strict=False)
    assert told["status"] == "ok", told["errors"]
    return _plain(told["config"][0]["parsed"])


def _plain(parsed: list[Any]) -> list[Any]:
    """crossplane leaves the backslash before a backslash where it is; nginx takes it away."""
    return [[*_once([one["directive"]]), _once(one["args"]), _plain(one.get("block", []))] for one in parsed]


def _once(words: list[str]) -> list[str]:
    return [word.replace("\\\\", "\\") for word in words]


def read_back(manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Every file of a release by its own reader; the manifest through JSON, without what the settings don't say."""
    through = json.loads(json.dumps(manifest))
    kept: dict[str, Any] = {name: one for name, one in through.items() if name not in ("files", "tool", "code", "requirements")}
    for file in through["files"]:
        path, content = Path(file["path"]), file["content"]
        if path.suffix == ".json":
            kept[file["path"]] = json.loads(content)
        elif path.name == "nginx.conf":
            kept["front"] = words_of_nginx(content, folder)
        elif path.name == "apache.conf":
            kept["front"] = words_of_apache(content)
        elif path.suffix == ".lua":
            kept["front"] = [*kept["front"], content.split("\n")]
        else:
            kept[file["path"]] = content
    return kept


def exchanged(found: Any, old: Any, new: Any) -> Any:
    """`found` with `new` for every `old`, also as the name of something."""
    if isinstance(found, dict):
        return {exchanged(name, old, new): exchanged(one, old, new) for name, one in found.items()}
    if isinstance(found, list | tuple):
        return [exchanged(one, old, new) for one in found]
    return new if found == old and type(found) is type(old) else found


def in_words(found: Any, old: str, new: str) -> Any:
    """As `exchanged`, for a piece of a word."""
    if isinstance(found, list | tuple):
        return [in_words(one, old, new) for one in found]
    return found.replace(old, new) if isinstance(found, str) else found


def expected(good: dict[str, Any], slot: hostile.Slot, old: Any, new: Any) -> dict[str, Any]:
    """What is to be read back: as with the good value, the new one in each of its places, and nothing else."""
    pieces: dict[str, Callable[[Any], str]] = {
        "app.static[name]": lambda value: f"{value}/",
        "http.maxBody": str,
        "http.cors[item]": str,
        "http.trustedProxies[item]": str,
        "server.timeout": lambda value: str(value + 5),
    }
    whole = exchanged({name: one for name, one in good.items() if name != "front"}, old, new)
    piece = pieces.get(str(slot))
    return {**whole, "front": in_words(good["front"], piece(old), piece(new)) if piece else in_words(good["front"], "", "")}


def value_of(slot: hostile.Slot, held: Any) -> Any:
    """The one value in the section that the settings hold."""
    if not slot.part:
        return held
    if slot.part == "item":
        return held[0] if held else None
    found = next(iter(held if slot.part == "name" else held.values()), None)
    return getattr(found, slot.inner[0]) if slot.inner and found is not None else found


@cache
def good_one(app: Path, slot: hostile.Slot, front: str, folder: Path) -> tuple[Any, dict[str, Any]]:
    held, manifest = planned(app, slot, hostile.GOOD[str(slot)], front)
    return value_of(slot, held), read_back(manifest, folder)


def clear(error: Exception, lines: int) -> None:
    """As few short lines, nothing in them that a terminal would obey."""
    said = str(error).split("\n")
    assert len(said) <= lines, said
    assert all(len(line) < 700 and line.isprintable() for line in said), said


def check(app: Path, slot: hostile.Slot, value: Any, front: str, folder: Path) -> None:
    old, good = good_one(app, slot, front, folder)
    try:
        held, manifest = planned(app, slot, value, front)
    except UsageError as error:
        return clear(error, 3)  # a head, and a name that no file can hold is wrong in two ways
    except SlipwayError as error:
        return clear(error, 1)
    new = value_of(slot, held)
    if new in (None, 0, "auto", "*"):  # left out, no limit, found by itself, any: nothing of it is in a file
        return
    assert read_back(manifest, folder) == expected(good, slot, old, new), value


def names(slot: hostile.Slot, values: Iterator[Any] | tuple[Any, ...]) -> list[Any]:
    return [value for value in values if slot.part != "name" or not isinstance(value, dict | list)]


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("slot", SLOTS, ids=str)
def test_each_odd_value(app: Path, slot: hostile.Slot, front: str, tmp_path: Path) -> None:
    for value in names(slot, (*hostile.ODD, *hostile.OTHERS)):
        check(app, slot, value, front, tmp_path)


@pytest.mark.parametrize("slot", SLOTS, ids=str)
@QUICK
@given(data=st.data())
def test_values_made_odd(app: Path, slot: hostile.Slot, data: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    good = hostile.GOOD[str(slot)]
    inserted = st.builds(lambda place, piece: good[:place] + piece + good[place:], st.integers(0, len(good)), PRINTABLE)
    for value in names(slot, (data.draw(inserted | hostile.values(good)),)):
        check(app, slot, value, data.draw(st.sampled_from(FRONTS)), tmp_path_factory.getbasetemp())


def test_what_comes_from_no_setting_is_python(app: Path) -> None:
    _, manifest = planned(app, SLOTS[0], hostile.GOOD[str(SLOTS[0])], "nginx")
    cron = next(slot for slot in SLOTS if slot.path == ("app", "cron"))
    _, timed = planned(app, cron, hostile.GOOD[str(cron)], "nginx")
    sources = [file for file in (*manifest["files"], *timed["files"]) if file["path"].endswith(".py")]
    assert {"files/start.py", "files/cron.py"} <= {file["path"] for file in sources}
    for file in sources:
        ast.parse(file["content"], file["path"])


# The renderers by themselves: they don't rely on what the settings let through.


def rendered(front: str, prefix: str, origin: str) -> str | None:
    """The configuration, or None where it was refused."""
    try:
        files = host_files(WebHost("a:b", front=Front(front, LISTEN, cors=(origin,)), static={prefix: "static"}))
    except HostFileError as error:
        clear(error, 1)
        return None
    return next(file.content for file in files if file.path == f"etc/{front}.conf")


@pytest.mark.parametrize("front", FRONTS)
@settings(max_examples=examples(600), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    prefix=hostile.around("/static") | PRINTABLE.map("/{}".format), origin=hostile.around("https://a.example") | PRINTABLE.map("x{}".format)
)
def test_renderers_alone(front: str, prefix: str, origin: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    if (text := rendered(front, prefix, origin)) is None:
        return
    prefix = prefix.rstrip("/") + "/"
    if front == "nginx":
        found = words_of_nginx(text, folder)
        [served] = [block for name, args, block in found if name == "http"]
        [cors] = [block for name, args, block in served if name == "map" and args[0] == "$http_origin"]
        [server] = [block for name, args, block in served if name == "server"]
        assert [one[0] for one in cors] == ["default", origin]
        assert ["^~", prefix] in [args for name, args, block in server if name == "location"]
    else:
        lines = words_of_apache(text)
        assert [line[2] for line in lines if line[:2] == ["RewriteCond", "%{HTTP:Origin}"]] == ["=" + origin]
        assert [line[1] for line in lines if line[0] == "RewriteRule" and line[1] not in ("^", "-")] == ["^" + prefix] * 2


@pytest.mark.parametrize("front", FRONTS)
def test_the_program_itself_takes_a_sample(front: str, tmp_path: Path) -> None:
    """All odd texts that the renderers let through, in one configuration."""
    binary = installed.fronts().get(front)
    if binary is None:
        pytest.skip(f"{front} is not on this machine")
    pieces = [piece for piece in hostile.ODD if len(piece) < 50 and rendered(front, f"/s{piece}x", f"https://a{piece}x") is not None]
    assert len(pieces) > 60
    static = {f"/s{number}{piece}x": "static" for number, piece in enumerate(pieces)}
    cors = tuple(dict.fromkeys(f"https://a{piece}x" for piece in pieces))
    files = host_files(WebHost("a:b", front=Front(front, LISTEN, cors=cors), static=static))
    done = asked(front, binary, {file.path: file.content for file in files}, tmp_path)
    assert done.returncode == 0, done.stderr


def asked(front: str, binary: str, files: dict[str, str], root: Path) -> "subprocess.CompletedProcess[str]":
    """What the front server says of its configuration, with `root` as the host's root."""
    places = documents.places(
        root, {"app": "shop", "run": str(root / "run"), "front": {"listen": ["127.0.0.1", 80], "binaries": {front: binary}}, "user": None}
    )
    (places.lib / "front").mkdir(parents=True)
    (places.run / "front").mkdir(parents=True)
    (root / "etc").mkdir(exist_ok=True)
    for path, content in files.items():
        if path.startswith("etc/"):
            (root / path).write_text(materialise.fill(content, places), encoding="utf-8")
    user = ["-C", "User nobody", "-C", "Group nogroup"] if front == "apache" else ["-e", "stderr"]
    command = [binary, *user, {"apache": "-f", "nginx": "-c"}[front], str(root / f"etc/{front}.conf"), "-t"]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


# Folders with odd letters: refused, or every program finds its own way there.

FOLDERS = [piece for piece in hostile.ODD if 0 < len(piece) < 50 and "/" not in piece and "\0" not in piece and piece not in (".", "..")]


@settings(max_examples=examples(400), deadline=None, suppress_health_check=list(HealthCheck))
@given(name=hostile.around("my shop") | PRINTABLE.filter(bool))
def test_supervisor_reads_odd_folders(name: str) -> None:
    if "/" in name or not local.takes(Path("/srv") / name):
        return
    root = Path("/srv") / name / ".slipway/dev"
    places = documents.places(root, {"app": "shop", "run": str(root / "run"), "python": str(root / "bin/python")})
    parser = UnhosedConfigParser()
    parser.read_string(supervisor.section(places, programs.process("blue", "worker", "x")))
    with mock.patch("supervisor.datatypes.existing_dirpath", str):  # its folders aren't made
        [group] = ServerOptions().process_groups_from_parser(parser)
    [program] = group.process_configs
    launch = [str(root / "bin/python"), "-I", str(places.tool), "--root", str(root), "launch", "blue-worker"]
    assert shlex.split(program.command) == launch  # as Supervisor does before it executes a program
    assert program.stdout_logfile == str(places.log / "blue-worker.log")


@pytest.mark.parametrize("front", FRONTS)
def test_fronts_take_odd_folders(front: str, tmp_path: Path) -> None:
    binary = installed.fronts().get(front)
    if binary is None:
        pytest.skip(f"{front} is not on this machine")
    files = {file.path: file.content for file in host_files(WebHost("a:b", front=Front(front, LISTEN), static={"/static": "static"}))}
    taken = [piece for piece in FOLDERS if local.takes(tmp_path / f"a{piece}b")]
    assert len(taken) > 20
    for piece in taken:
        root = tmp_path / f"a{piece}b"
        root.mkdir()
        text = materialise.fill(files[f"etc/{front}.conf"], documents.places(root, {"app": "shop", "run": str(root / "run")}))
        lines = json.dumps(words_of_nginx(text, tmp_path) if front == "nginx" else words_of_apache(text), ensure_ascii=False)
        assert f"{root}/run/live/release/static" in lines, piece
    with tempfile.TemporaryDirectory() as short:  # a socket's path may have 107 bytes
        for start in range(0, len(taken), 8):
            root = Path(short) / "".join(piece for piece in taken[start : start + 8] if len(piece) < 9)
            root.mkdir()
            done = asked(front, binary, files, root)
            assert done.returncode == 0, (done.stderr, root)


UNIT = configparser.RawConfigParser(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#", ";"))
UNIT.optionxform = str  # type: ignore[assignment,method-assign]


@QUICK
@given(
    user=hostile.around("www-data") | PRINTABLE,
    name=hostile.around("shop") | PRINTABLE,
    python=hostile.around("/usr/bin/python3") | PRINTABLE,
)
def test_units_hold_just_that_or_are_refused(user: str, name: str, python: str) -> None:
    usual = {"app": "shop", "user": "www-data", "python": "/usr/bin/python3"}
    for odd in ({"user": user}, {"app": name}, {"python": python}):
        facts = {**usual, **odd, "run": "/run/slipway/shop", "role": "web"}
        try:
            text = systemd.unit(documents.places(Path("/nowhere"), facts), programs.CONSTANT[0])
        except Refused as refused:
            clear(refused, 1)
            continue
        UNIT.clear()
        UNIT.read_string(text)
        assert UNIT["Service"]["User"] == facts["user"]
        tool = "/nowhere/opt/slipway/host.pyz"
        assert UNIT["Service"]["ExecStart"] == f"{facts['python']} -I {tool} --root /nowhere launch blue"
        assert UNIT["Service"]["StandardOutput"] == f"append:/nowhere/var/log/slipway/{facts['app']}/blue.log"
        assert not set(facts["app"] + facts["user"] + facts["python"]) & set("%$;\"'\\ \t\n")


@QUICK
@given(value=hostile.PIECES, secret=st.lists(hostile.PIECES, max_size=3).map("".join))
def test_the_environment_arrives(value: str, secret: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    try:
        taken = parse({"slipway:target": "local", "slipway:app": {"name": "shop", "env": {"A": value}}}, [], "dev")
        parse({"slipway:target": "local", "slipway:app": {"name": "shop", "env": {"A": secret}}}, [], "dev")
    except UsageError:
        return
    places = documents.places(tmp_path_factory.mktemp("root"), {"app": "shop", "run": "/run"})
    manifest = documents.manifest(id="x", environment=dict(taken.app.env))
    materialise.write_files(places, manifest, {"B": secret})
    assert json.loads((places.release("x") / "env.json").read_text()) == {"A": value, "B": secret}
