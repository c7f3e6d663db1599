"""Files that an app names by `X-Sendfile` in place of a body: sent from here.

Only what really lies in the app's own folders goes out: its sources, and `SLIPWAY_SHARED`."""

import os
import re
from pathlib import Path

RELEASE = Path(__file__).resolve().parents[1]
OWN = [Path(os.path.realpath(one)) for one in (RELEASE / "src", os.environ.get("SLIPWAY_SHARED")) if one]


def chosen(status, headers, environ):
    """(status, headers, body) of an answer: its body is None where that stays the app's."""
    path = next((value for name, value in headers if name.lower() == "x-sendfile"), None)
    headers = without(headers, "x-sendfile", "x-accel-redirect")
    if path is None:
        return status, headers, None
    file = os.path.realpath(path)
    if not os.path.isfile(file) or not any(one in Path(file).parents for one in OWN):
        environ["wsgi.errors"].write(f"X-Sendfile: wanted a file in the app's folders, found {path!r}; answered 404\n")
        return "404 Not Found", [*without(headers, "content-length", "content-range"), ("Content-Length", "0")], ()
    asked = next((value for name, value in headers if name.lower() == "content-range"), "")
    span = re.match(r"bytes (\d+)-(\d+)/", asked)
    first, count = (int(span[1]), int(span[2]) - int(span[1]) + 1) if span else (0, os.path.getsize(file))
    body = () if environ["REQUEST_METHOD"] == "HEAD" else pieces(file, first, count)
    return status, [*without(headers, "content-length"), ("Content-Length", str(count))], body


def without(headers, *names):
    """The headers but those, whose names are in small letters."""
    return [one for one in headers if one[0].lower() not in names]


def pieces(path, first, count):
    """So many bytes of a file, from `first` on."""
    with open(path, "rb") as file:
        file.seek(first)
        while piece := file.read(min(65536, count)):
            count -= len(piece)
            yield piece
