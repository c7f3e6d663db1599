"""Files that an app names by `X-Sendfile` in place of a body: handed to nginx, or sent from here.

Only what really lies in the app's own folders goes out: its sources, and `SLIPWAY_SHARED`."""

import os
import re
from pathlib import Path
from urllib.parse import quote

RELEASE = Path(__file__).resolve().parents[1]
APPS = RELEASE.parent.parent  # the app's place on a host, which nginx serves below `/-/file/` to nobody who asks for it
OWN = [Path(os.path.realpath(one)) for one in (RELEASE / "src", os.environ.get("SLIPWAY_SHARED")) if one]


def chosen(status, headers, environ, by_nginx):
    """(status, headers, body) of an answer: its body is None where that stays the app's.

    `by_nginx`: nginx asks, and sends a file that it is told."""
    path = next((value for name, value in headers if name.lower() == "x-sendfile"), None)
    headers = without(headers, "x-sendfile", "x-accel-redirect")
    if path is None:
        return status, headers, None
    file, sized = os.path.realpath(path), without(headers, "content-length", "content-range")
    root = next((one for one in OWN if one in Path(file).parents), None)
    if root is None or not os.path.isfile(file):
        environ["wsgi.errors"].write(f"X-Sendfile: wanted a file in the app's folders, found {path!r}; answered 404\n")
        return "404 Not Found", [*sized, ("Content-Length", "0")], ()
    if by_nginx and APPS in root.parents and readable(Path(file), root):
        place = "/-/file/" + quote(os.fsencode(os.path.relpath(file, APPS)))
        return "200 OK", [*sized, ("X-Accel-Redirect", place), ("Content-Length", "0")], ()
    asked = next((value for name, value in headers if name.lower() == "content-range"), "")
    span = re.match(r"bytes (\d+)-(\d+)/", asked)
    first, count = (int(span[1]), int(span[2]) - int(span[1]) + 1) if span else (0, os.path.getsize(file))
    body = () if environ["REQUEST_METHOD"] == "HEAD" else pieces(file, first, count)
    return status, [*without(headers, "content-length"), ("Content-Length", str(count))], body


def without(headers, *names):
    """The headers but those, whose names are in small letters."""
    return [one for one in headers if one[0].lower() not in names]


def readable(file, root):
    """Whether the app's group may read it, as nginx is in that one: a temporary file is 0600."""
    return all(os.stat(one).st_mode & 0o040 for one in (file, *file.parents) if one == root or root in one.parents)


def pieces(path, first, count):
    """So many bytes of a file, from `first` on."""
    with open(path, "rb") as file:
        file.seek(first)
        while piece := file.read(min(65536, count)):
            count -= len(piece)
            yield piece
