"""Google's and Alibaba's storage as far as obstore speaks them: what each can do on condition, and what it refuses.

moto has neither. From their documentation: Google's XML language with generations, a bearer token, and one change of an object in a
second; Alibaba's S3 language with `x-oss-forbid-overwrite`, without `If-Match` and `If-None-Match` on a PUT. Each has its metadata
service at the same address, which wants the token or the header that a hardened server's does.
"""

import hashlib
import json
import threading
import time
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from answers import serving

from cloud_init.host.stores import gs, oss_access

ALIYUN = "/latest/meta-data/ram/security-credentials/"
GOOGLE = "/computeMetadata/v1/instance/service-accounts/default/token"
_ROLE = {"AccessKeyId": "STS.1", "AccessKeySecret": "s", "SecurityToken": "token", "Expiration": "2099-01-01T00:00:00Z"}


class Object(NamedTuple):
    data: bytes
    generation: int
    at: float

    @property
    def tag(self):
        return f'"{hashlib.md5(self.data).hexdigest()}-{self.generation}"'


class Cloud(BaseHTTPRequestHandler):
    """One request. What the service holds is its class's, one class for each service that runs."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out whole: its head alone would wait for the other side's acknowledgement
    objects: dict
    uploads: dict
    refused: list
    lock: threading.Lock
    numbers: count
    DELETES_NOTHING = False
    """Whether an object that isn't there can be removed."""
    pause: float
    """Seconds between two changes of one object."""

    def log_message(self, *_):
        pass

    def answer(self):
        body = self._body()
        parts = urlsplit(self.path)
        asked = {name: value for name, [value] in parse_qs(parts.query, keep_blank_values=True).items()}
        path = unquote(parts.path)
        if path.startswith(("/latest/", "/computeMetadata/")):
            return self.metadata(path)
        with self.lock:
            if not self.signed():
                return self.error(401, "InvalidCredentials")
            name = path.removeprefix("/")
            name = name if self.by_name() else name.partition("/")[2]
            return self.object(name, asked, body) if name else self.listed(asked.get("prefix", ""))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815

    def object(self, name, asked, body):
        there = self.objects.get(name)
        if "uploads" in asked:
            self.uploads[name] = {}
            return self.xml(f"<InitiateMultipartUploadResult><UploadId>{escape(name)}</UploadId></InitiateMultipartUploadResult>")
        if "partNumber" in asked:
            self.uploads[name][int(asked["partNumber"])] = body
            return self.say(200, ETag=f'"{len(body)}"')
        if self.command == "POST":
            parts = self.uploads.pop(name)
            made = self.write(name, b"".join(parts[number] for number in sorted(parts)))
            return self.xml(f"<CompleteMultipartUploadResult><ETag>{made.tag}</ETag></CompleteMultipartUploadResult>", **self.marks(made))
        if self.command == "PUT":
            if (code := self.forbids(name, there)) is not None:
                return self.error(*code)
            return self.say(200, **self.marks(self.write(name, body)))
        if there is None and not (self.command == "DELETE" and self.DELETES_NOTHING):
            return self.error(404, "NoSuchKey")
        if self.command == "DELETE":
            self.objects.pop(name, None)
            return self.say(204)
        if self.headers.get("If-None-Match") == there.tag:
            return self.say(304, **self.marks(there))
        return self.say(200, there.data, **self.marks(there))

    def write(self, name, data):
        self.objects[name] = made = Object(data, next(self.numbers), time.time())
        return made

    def listed(self, prefix):
        rows = ""
        for name in sorted(name for name in self.objects if name.startswith(prefix)):
            one = self.objects[name]
            at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(one.at))
            rows += (
                f"<Contents><Key>{escape(name)}</Key><LastModified>{at}.000Z</LastModified>"
                f"<ETag>{escape(one.tag)}</ETag><Size>{len(one.data)}</Size></Contents>"
            )
        self.xml(f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>")

    def marks(self, one):
        return {"ETag": one.tag, "Last-Modified": formatdate(one.at, usegmt=True)}

    def error(self, status, code):
        self.refused.append(code)
        self.xml(f"<Error><Code>{code}</Code><Message>{code}</Message></Error>", status)

    def xml(self, text, status=200, **headers):
        self.say(status, f'<?xml version="1.0"?>{text}'.encode(), **headers)

    def say(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def by_name(self):
        """Whether the bucket is in the host's name, and not in the path."""
        return self.headers.get("Host", "").partition(":")[0].endswith(".aliyuncs.com")

    def signed(self):
        """Whether the request has the service's kind of signature."""
        raise NotImplementedError

    def forbids(self, name, there):
        """(status, code) of a write that may not be done now, or None."""
        raise NotImplementedError

    def metadata(self, path):
        raise NotImplementedError

    def _body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


class Google(Cloud):
    def signed(self):
        return self.headers.get("Authorization") == "Bearer the-token"

    def forbids(self, _name, there):
        if there and time.time() - there.at < self.pause:
            return 429, "SlowDown"
        wanted = self.headers.get("x-goog-if-generation-match")
        return (412, "PreconditionFailed") if wanted is not None and int(wanted) != (there.generation if there else 0) else None

    def marks(self, one):
        return {**super().marks(one), "x-goog-generation": str(one.generation)}

    def metadata(self, path):
        if path != GOOGLE or self.headers.get("Metadata-Flavor") != "Google":
            return self.error(403, "Forbidden")
        return self.say(200, json.dumps({"access_token": "the-token", "expires_in": 3600, "token_type": "Bearer"}).encode())


class Alibaba(Cloud):
    DELETES_NOTHING = True

    def signed(self):
        return self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256")

    def forbids(self, _name, there):
        if self.headers.get("If-Match") or self.headers.get("If-None-Match"):
            return 501, "NotImplemented"
        return (409, "FileAlreadyExists") if there and self.headers.get("x-oss-forbid-overwrite") == "true" else None

    def metadata(self, path):
        if self.command == "PUT" and path == "/latest/api/token":
            return self.say(200, b"t")
        if self.headers.get("X-aliyun-ecs-metadata-token") != "t":
            return self.error(403, "Forbidden")
        return self.say(200, b"the-role" if path == ALIYUN else json.dumps(_ROLE).encode())


@contextmanager
def running(kind, pause=0.0, place=("127.0.0.1", 0), context=None):
    """(the service's address, its class). `kind`: `Google` or `Alibaba`."""
    held = {"objects": {}, "uploads": {}, "refused": [], "lock": threading.Lock(), "numbers": count(1), "pause": pause}
    handler = type(kind.__name__, (kind,), held)
    with serving(handler, place, context) as address:
        yield address, handler


def at_alibaba(monkeypatch, endpoint):
    """A server there: without keys, and with metadata at that address."""
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID", raising=False)
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setattr(oss_access, "METADATA", endpoint)


def at_google(monkeypatch, endpoint):
    """A server there, with metadata at that address. It has no library of Google's."""
    monkeypatch.setattr(gs, "find_spec", lambda _name: None)
    monkeypatch.setenv("GCE_METADATA_HOST", endpoint.removeprefix("http://"))
