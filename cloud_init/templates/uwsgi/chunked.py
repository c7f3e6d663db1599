"""The app with bodies that come in chunks, which uWSGI leaves to those who know its functions."""

import io
from urllib.parse import unquote_to_bytes

import uwsgi
from slipway_wsgi import application as app


class Chunks(io.RawIOBase):
    """A body that comes in chunks, as a file."""

    def __init__(self):
        self.rest = b""
        self.ended = False

    def readable(self):
        return True

    def readinto(self, target):
        if not self.rest and not self.ended:
            self.rest = uwsgi.chunked_read()
            self.ended = not self.rest
        count = min(len(target), len(self.rest))
        target[:count], self.rest = self.rest[:count], self.rest[count:]
        return count


def application(environ, start_response):
    # uWSGI resolves dots in it, as no other server does.
    environ["PATH_INFO"] = unquote_to_bytes(environ["REQUEST_URI"].partition("?")[0]).decode("latin-1")
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked" and not environ.get("CONTENT_LENGTH"):
        environ["wsgi.input"] = io.BufferedReader(Chunks())
        environ["wsgi.input_terminated"] = True
    return app(environ, start_response)
