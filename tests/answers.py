"""A server that gives one answer to everything, and remembers what it was asked."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def answering(status, body="", paths=None):
    """(its address, the requests). `paths`: bodies for some paths, or for `GET /path` alone."""
    asked, known = [], paths or {}

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
            found = next((known[name] for name in (self.path, f"{self.command} {self.path}") if name in known), None)
            text = (body if found is None else found).encode()
            self.send_response(status if found is None else 200)
            self.send_header("Content-Length", str(len(text)))
            self.send_header("ETag", '"1"')
            self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815

        def log_message(self, *_):
            pass

    with serving(Handler) as address:
        yield address, asked


@contextmanager
def serving(handler, place=("127.0.0.1", 0), context=None):
    """The address of a server of this machine whose requests that class answers, by TLS with a `context`."""
    server = ThreadingHTTPServer(place, handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http{'s' if context else ''}://{place[0]}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
