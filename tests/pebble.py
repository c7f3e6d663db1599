"""Pebble, an ACME authority for tests: built once from its Go module outside the checkout, and run on an address of a test network."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType

from authority import Authority, openssl

_VERSION = "v2.10.1"
_MODULE = "github.com/letsencrypt/pebble/v2/cmd"
CACHE = Path("/var/cache/slipway-test-hosts/pebble") / _VERSION


def missing() -> str:
    """Why there can be none here, or nothing."""
    return "" if shutil.which("go") or (CACHE / "pebble").exists() else "Pebble needs Go, to be built"


def programs() -> Path:
    """The folder with `pebble` and `pebble-challtestsrv`."""
    if not (CACHE / "pebble-challtestsrv").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        names = [f"{_MODULE}/{name}@{_VERSION}" for name in ("pebble", "pebble-challtestsrv")]
        subprocess.run(["go", "install", *names], check=True, env={**os.environ, "GOBIN": str(CACHE)}, timeout=600)
    return CACHE


class Pebble:
    """An authority at `address` whose DNS says that every name is `target`. `roots`: what its certificates are trusted by."""

    def __init__(self, folder: Path, address: str, target: str) -> None:
        self.folder, self.address = folder, address
        self.own = Authority(folder)  # for its own address; a host that asks must trust it
        key, request, certificate = folder / "pebble.key", folder / "pebble.der", folder / "pebble.pem"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        openssl("req", "-new", "-key", key, "-subj", "/", "-addext", f"subjectAltName=IP:{address}", "-outform", "DER", "-out", request)
        certificate.write_bytes(self.own.sign(request))
        settings = {
            "listenAddress": f"{address}:14000", "managementListenAddress": f"{address}:15000",
            "certificate": str(certificate), "privateKey": str(key), "httpPort": 80, "tlsPort": 443,
        }  # fmt: skip
        (folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
        names = ("-defaultIPv4", target, "-defaultIPv6", "", "-dnsserver", f"{address}:8053", "-management", f"{address}:8055")
        nothing_else = ("-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "")
        self._commands = [
            ["pebble-challtestsrv", *names, *nothing_else],
            ["pebble", "-config", str(folder / "pebble.json"), "-dnsserver", f"{address}:8053"],
        ]
        self._running: list[subprocess.Popen[bytes]] = []

    @property
    def directory(self) -> str:
        return f"https://{self.address}:14000/dir"

    def __enter__(self) -> "Pebble":
        with (self.folder / "pebble.log").open("ab") as log:
            for name, *arguments in self._commands:
                environment = {**os.environ, "PEBBLE_VA_NOSLEEP": "1"}
                command = [str(programs() / name), *arguments]
                self._running.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
        self._fetch_roots()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        for process in self._running:
            process.terminate()
            process.wait(10)

    @property
    def roots(self) -> Path:
        return self.folder / "roots.pem"

    def _fetch_roots(self) -> None:
        deadline = time.monotonic() + 30
        ask = ["curl", "-fsS", "--cacert", str(self.own.certificate), "-o", str(self.roots), f"https://{self.address}:15000/roots/0"]
        while subprocess.run(ask, check=False, capture_output=True).returncode:
            assert time.monotonic() < deadline, (self.folder / "pebble.log").read_text()[-3000:]
            time.sleep(0.2)
        assert all(process.poll() is None for process in self._running), (self.folder / "pebble.log").read_text()[-3000:]
