"""An HTTPS server of this machine that gives what a test says; host code that asks it trusts its authority by `SSL_CERT_FILE`."""

import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from authority import Authority, openssl


class Server(ThreadingHTTPServer):
    """Answers at `address`, by a certificate of an authority whose own is `pem`, in the file `trusted`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.address, self.pem, self.trusted = f"https://localhost:{self.server_port}", b"", Path()
        self.answers: list[tuple[int, bytes]] = [(404, b"")]
        self.asked: list[str] = []


class Answers(BaseHTTPRequestHandler):
    """One of the server's `answers` after the other, the last one again and again; `asked` are the paths."""

    server: Server

    def do_GET(self):
        self.server.asked.append(self.path)
        answers = self.server.answers
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        if status == 302:
            self.send_header("Location", body.decode())
        self.send_header("Content-Length", str(len(body) + (body == b"half")))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextmanager
def serving(folder):
    """The server; files go into `folder`."""
    own, key, request, certificate = Authority(folder), *(folder / f"own.{kind}" for kind in ("key", "csr", "crt"))
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key)
    openssl("req", *curve, "-subj", "/CN=own", "-addext", "subjectAltName=DNS:localhost", "-outform", "DER", "-out", request)
    certificate.write_bytes(own.sign(request))
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.pem, server.trusted = own.certificate.read_bytes(), own.certificate
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
