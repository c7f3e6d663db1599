"""WebSockets of a worker: they reach the app, and are told to go when the worker is."""

import contextlib
import socket
import weakref

SAID = ("HTTP_UPGRADE", "HTTP_CONNECTION")
GOING_AWAY = b"\x88\x02\x03\xe9"  # a whole frame: close, for the reason 1001
OPEN = weakref.WeakSet()


def is_wanted(environ):
    """Whether the request asks for a WebSocket; those of gunicorn are remembered."""
    wanted = environ.get("HTTP_UPGRADE", "").lower() == "websocket"
    if wanted and "gunicorn.socket" in environ:
        OPEN.add(environ["gunicorn.socket"])
    return wanted


def let_go():
    """Tells all of them: clients close, and come back to the release that serves."""
    for one in list(OPEN):
        with contextlib.suppress(OSError):
            one.send(GOING_AWAY, socket.MSG_DONTWAIT)
