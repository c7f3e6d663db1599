"""The door: who may come in, and below which path the app is, alike behind all fronts and servers.

A request that no front server handed on comes from this host itself, and is let in."""

import base64
import hmac
import ipaddress
import json
import mimetypes
import os

from slipway_files import RELEASE

WELL = "/-/release"  # asked from outside, where the app's own paths are closed


class Door:
    """The app behind it. `values`: as server.json has them; `always`: no front tells who asks."""

    def __init__(self, app, values, always):
        self.app, self.values, self.always = app, values, always
        self.networks = [ipaddress.ip_network(one) for one in values["allow"]]
        self.passwords = json.loads(os.environ.get("SLIPWAY_LOGINS", "{}"))

    def __call__(self, environ, start):
        path, mount = environ["PATH_INFO"], self.values["path"]
        if path == WELL:
            return answer(start, "200 OK")
        if (self.always or "HTTP_X_REAL_IP" in environ) and not self.lets_in(environ):
            asked = [("WWW-Authenticate", 'Basic realm="this site", charset="UTF-8"')] if self.values["logins"] else []
            return answer(start, "401 Unauthorized" if asked else "403 Forbidden", *asked)
        if environ["REQUEST_METHOD"] in ("GET", "HEAD") and (file := static_file(path, self.values["static"])):
            kind, age = mimetypes.guess_type(file)[0] or "application/octet-stream", self.values["static_age"]
            start("200 OK", [("Content-Type", kind), ("X-Sendfile", file), *[("Cache-Control", f"max-age={age}")] * (age is not None)])
            return ()
        if mount:
            if path in ("/", mount):
                query = environ.get("QUERY_STRING", "")
                return answer(start, "302 Found", ("Location", f"{mount}/{query and '?'}{query}"))
            if not path.startswith(mount + "/"):
                return answer(start, "404 Not Found")
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = mount, path[len(mount) :]
        return self.app(environ, start)

    def lets_in(self, environ):
        """By the client's network, or by name and password."""
        if not self.networks and not self.values["logins"]:
            return True
        address = ipaddress.ip_address(environ["REMOTE_ADDR"])
        address = getattr(address, "ipv4_mapped", None) or address
        if any(address in one for one in self.networks):
            return True
        scheme, _, word = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        try:
            name, _, password = base64.b64decode(word, validate=True).decode().partition(":")
        except ValueError:
            return False
        known = self.passwords.get(name)
        if scheme.lower() != "basic" or known is None or not hmac.compare_digest(known.encode(), password.encode()):
            return False
        del environ["HTTP_AUTHORIZATION"]  # an app with logins of its own would not know this one
        return True


def static_file(path, prefixes):
    """The file that one of the release's static folders has there, or None."""
    for prefix in prefixes:
        root, file = (os.path.realpath(os.fsencode(RELEASE / "static") + one.encode("latin-1")) for one in (prefix, path))
        if path.startswith(prefix + "/") and file.startswith(root + b"/") and os.path.isfile(file):
            return os.fsdecode(file)
    return None


def answer(start, status, *headers):
    """An answer that says what its status says."""
    body = (status + "\n").encode()
    start(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *headers])
    return [body]
