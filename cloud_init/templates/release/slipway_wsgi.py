"""The WSGI callable that servers load: the app, wrapped so that every answer names its release."""

import ast
import contextlib
import fcntl
import importlib
import json
import os
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes

import slipway_files
import slipway_sockets

FILES = Path(__file__).resolve().parent
SOURCE = FILES.parent / "src"
ON_PLATFORM = (FILES / "release").is_file()
PLATFORM = json.loads((FILES / "platform.json").read_text(encoding="utf-8")) if ON_PLATFORM else {}
CLIENT = "HTTP_" + PLATFORM.get("client", "X-Real-Ip").upper().replace("-", "_")  # its last address: a client may send others
HEADERS = json.loads((FILES / "limits.json").read_text(encoding="utf-8"))
WITHHELD, SAID = ({"HTTP_" + name.upper().replace("-", "_") for name in HEADERS[kind]} for kind in ("withheld", "said"))
if ON_PLATFORM:  # whose environment outlives a release
    os.environ["SLIPWAY_RELEASE"] = (FILES / "release").read_text(encoding="utf-8").strip()  # for the app too
RELEASE = os.environ.get("SLIPWAY_RELEASE", "unknown")


@contextlib.contextmanager
def alone():
    """One import at a time on a host, until one of its colour has succeeded: apps make their tables
    there, and two would be in each other's way. A worker that is killed lets go."""
    own = Path(os.environ.get("SLIPWAY_OWN", ""))
    imported = own / "app.imported"  # goes when its colour starts again, as its sockets do
    if not own.is_absolute() or imported.exists():  # on a platform there is none
        yield
        return
    with open(own.parents[1] / "blue/own/importing", "a") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        if imported.exists():
            fcntl.lockf(lock, fcntl.LOCK_UN)
        yield
        imported.touch()


def load(module):
    """`package.module:name`, or `package.module:factory('dev')` for what makes the app; behind
    `folder/` in a folder that Python is given."""
    place, _, attribute = module.partition(":")
    folder, _, name = place.rpartition("/")
    if folder:
        os.chdir(SOURCE / folder)
        sys.path.insert(0, str(SOURCE / folder))
    sys.argv = [name]  # not the server's: an app may parse it as it is imported
    try:
        value = importlib.import_module(name)
    except SystemExit as error:  # a server would start the worker again and again, and say nothing
        raise RuntimeError(f"the app called sys.exit({error.code!r}) as it was imported; its last words say why") from None
    for part in attribute.partition("(")[0].split("."):
        value = getattr(value, part)
    call = ast.parse(attribute, mode="eval").body
    if not isinstance(call, ast.Call):
        return value
    return value(*map(ast.literal_eval, call.args), **{one.arg: ast.literal_eval(one.value) for one in call.keywords})


def withhold(environ):
    """Takes away what a client said in the front server's place, and slashes at the beginning of a
    path but one, which Apache never hands on: sent back, they would lead to another host."""
    path = environ.get("PATH_INFO", "")
    if "uwsgi.version" in environ:  # it resolves dots in it, as no other server does
        path = unquote_to_bytes(environ["REQUEST_URI"].partition("?")[0]).decode("latin-1")
    environ["PATH_INFO"] = "/" + path.lstrip("/")
    kept = slipway_sockets.SAID if slipway_sockets.is_wanted(environ) else ()
    for name in [one for one in environ if one in WITHHELD or (one.startswith("HTTP_X_FORWARDED_") and one not in SAID)]:
        if name not in kept:
            del environ[name]


def told(environ):
    """The client's address, scheme and port as the front server tells them: a socket tells none."""
    environ["REMOTE_ADDR"] = environ.get(CLIENT, "").rpartition(",")[2].strip() or environ.get("REMOTE_ADDR") or "127.0.0.1"
    if environ.get("HTTP_X_FORWARDED_PROTO") in ("http", "https"):
        environ["wsgi.url_scheme"] = environ["HTTP_X_FORWARDED_PROTO"]
    if "HTTP_X_FORWARDED_PORT" in environ:
        host = environ.get("HTTP_HOST", "localhost")
        environ["SERVER_NAME"] = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        environ["SERVER_PORT"] = environ["HTTP_X_FORWARDED_PORT"]


def named(app, release):
    """The app with `X-Release-Id` on every answer, files where it names them, streams unheld."""

    def application(environ, start_response):
        body = None
        withhold(environ)
        told(environ)

        def start(status, headers, exc_info=None):
            nonlocal body
            status, headers, body = slipway_files.chosen(status, headers, environ)
            names = {name.lower() for name, _ in headers}
            if names.isdisjoint(("content-length", "x-accel-buffering")):  # nginx would hold it until there is enough
                headers = [*headers, ("X-Accel-Buffering", "no")]
            return start_response(status, [*headers, ("X-Release-Id", release)], exc_info)

        answer = app(environ, start)
        if body is not None:
            getattr(answer, "close", lambda: None)()
            answer = body
        return answer

    return application


sys.path[:0] = [str(folder) for folder in (SOURCE, SOURCE / "src") if folder.is_dir()]
VALUES = json.loads((FILES / "server.json").read_text(encoding="utf-8"))
with alone():
    application = load(VALUES["module"])
if PLATFORM.get("static"):
    import whitenoise

    application = whitenoise.WhiteNoise(application, max_age=PLATFORM["static_age"])
    for url, folder in PLATFORM["static"].items():
        application.add_files(str(SOURCE / folder), url)
if "door" in VALUES:
    import slipway_door

    application = slipway_door.Door(application, VALUES["door"], ON_PLATFORM)
application = named(application, RELEASE)
