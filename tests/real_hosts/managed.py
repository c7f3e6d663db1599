"""A booted host with the host tool alone: facts, store and releases are put there by hand, so that managers are tried by themselves."""

import gzip
import hashlib
import http.client
import io
import json
import tarfile
import threading
import time
from typing import Any

from cloud_init import host_tool
from cloud_init.host_files import Front, Server, WebHost
from cloud_init.render import agent_files, host_files, server_requirements
from real_hosts.machine import Machine

_PACKAGES = "nginx apache2 supervisor python3-venv logrotate postgresql"

APP = """
import time
from flask import Flask, request
app = Flask(__name__)

@app.get("/")
def home():
    return "NUMBER"

@app.get("/slow")
def slow():
    time.sleep(1)
    return "slow"

@app.get("/group")
def group():
    return open("/proc/self/cgroup").read()
"""
BEAT = """
trap 'sleep 0.5; exit 0' TERM
trap 'touch "$SLIPWAY_SHARED/signalled"' USR1
echo $$ >"$SLIPWAY_SHARED/ready"
while :; do sleep 0.05; done
"""


class ManagedHost:
    """A server of role web; `shop` is its app."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.generation = 0
        # Their packages' own services are not started; at a boot they find these units masked.
        machine.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
        machine.shell("systemctl mask --quiet nginx apache2 supervisor postgresql")
        machine.shell(f"apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends {_PACKAGES}")
        facts = {
            "app": "shop", "stack": "t", "role": "web", "host": machine.name, "root": "/", "run": "/run/slipway/shop",
            "user": "slipway-app", "database_user": "slipway-db", "front_user": "slipway-front", "python": "/usr/bin/python3", "uv": None,
            "store": "file:///var/lib/slipway/store", "transport": "local",
            "front": {"listen": ["0.0.0.0", 80], "binaries": {"nginx": "/usr/sbin/nginx", "apache": "/usr/sbin/apache2"}},
            "databases": {"postgres": machine.shell("ls -d /usr/lib/postgresql/*/bin").strip()},
            "supervisor": ["/usr/bin/supervisord"],
        }  # fmt: skip
        add = "useradd --system --user-group --shell /usr/sbin/nologin"
        machine.shell(f"{add} slipway-app; {add} slipway-db; {add} --groups slipway-app slipway-front")
        machine.write("/opt/slipway/host.pyz", host_tool.tool())
        machine.write("/etc/slipway/host.json", json.dumps(facts))

    def tool(self, *words: str, check: bool = True) -> dict[str, Any]:
        """A command of the host tool; its outcome."""
        done = self.machine.run(["python3", "/opt/slipway/host.pyz", "--root", "/", *words], check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert lines, done.stderr
        assert lines[-1]["ok"] or not check, lines
        self.events = lines
        return dict(lines[-1])

    def publish(self, number: int, manager: str, front: str = "nginx", source: str = APP, **manifest: Any) -> str:
        """A release that answers its number; its id."""
        code, raw = _code({"wsgi.py": source.replace("NUMBER", str(number)), "beat.sh": BEAT, "static/number.txt": str(number)})
        web = WebHost("wsgi:app", Server("gunicorn"), Front(front, listen=("80",)), {"/static": "static"})
        files = [*host_files(web), *agent_files(manifest.get("database", {}).get("engine", "none"))]
        release = hashlib.sha256(repr((code, web, manager, manifest)).encode()).hexdigest()[:12]
        whole = {
            "schema": 1, "id": release, "tool": host_tool.tool_id(), "module": "wsgi:app", "python": None,
            "code": {"id": code, "sha256": raw[1]},
            "files": [{"path": file.path, "content": file.content, "mode": file.mode} for file in files],
            "requirements": ["flask==3.1.3\n", server_requirements(web)], "environment": {},
            "database": {"engine": "none", "placement": "same-host"}, "processes": {}, "release_command": None,
            "health": {"path": "/", "host": "shop.example", "timeout": 30}, "static": {"/static": "static"},
            "host": {"manager": manager, "packages": {}, "system": {}}, "tls": None, **manifest,
        }  # fmt: skip
        self.machine.write(f"/var/lib/slipway/store/releases/code/{code}.tar.gz", raw[0])
        self.machine.write(f"/var/lib/slipway/store/releases/{release}/manifest.json", json.dumps(whole))
        return release

    def roll(self, release: str) -> None:
        """Both phases."""
        self.prepare(release)
        self.commit(release)

    def prepare(self, release: str) -> dict[str, Any]:
        self.generation += 1
        return self.tool("prepare", str(self.generation), release, "--elected")

    def commit(self, release: str) -> dict[str, Any]:
        self.generation += 1
        return self.tool("commit", str(self.generation), release)

    def states(self) -> dict[str, str]:
        """Each program's state."""
        return {one["name"]: one["state"] for one in self.tool("status")["processes"]}

    def pid(self, program: str) -> int:
        """As the host numbers it; 0 where it doesn't run."""
        return int(next(one["pid"] for one in self.tool("status")["processes"] if one["name"] == program) or 0)

    def get(self, path: str = "/") -> str:
        """The body of a 200, `page` for the maintenance page, or what came instead."""
        connection = http.client.HTTPConnection(self.machine.address, 80, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": "shop.example"})
            answer = connection.getresponse()
            body = answer.read().decode()
            if answer.headers.get("X-Slipway-Maintenance") == "on":
                return "page"
            return body if answer.status == 200 else f"{answer.status} {body[:100]}"
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            connection.close()

    def exposure(self, unit: str) -> float:
        """As `systemd-analyze security` says of a loaded unit; 10 is the worst."""
        lines = self.machine.run(["systemd-analyze", "security", "--no-pager", unit], check=False).stdout.splitlines()
        return float(next(line for line in lines if "Overall exposure level" in line).split(": ")[1].split()[0])


class Asking:
    """Asks for `path` on a new connection again and again; what was not well, and for how long there was nothing well; `pages`: how
    often the maintenance page came, which is well too."""

    def __init__(self, host: ManagedHost, path: str = "/", pause: float = 0.01) -> None:
        self.host, self.path, self.pause = host, path, pause
        self.asked = self.pages = 0
        self.wrong: list[str] = []
        self.longest = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Asking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        well = time.monotonic()
        while not self._stop.wait(self.pause):
            self.asked += 1
            answer = self.host.get(self.path)
            self.pages += answer == "page"
            if answer.isdigit() or answer in ("slow", "page"):
                self.longest = max(self.longest, time.monotonic() - well)
                well = time.monotonic()
            else:
                self.wrong.append(answer)

    def __str__(self) -> str:
        kinds = sorted(set(self.wrong))[:3]
        told = f"{self.asked} asked, {self.pages} got the page, {len(self.wrong)} failed {kinds}"
        return f"{told}, longest without a good answer {self.longest:.2f} s"


def _code(sources: dict[str, str]) -> tuple[str, tuple[bytes, str]]:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in sources.items():
            info = tarfile.TarInfo(name)
            info.size = len(content.encode())
            tar.addfile(info, io.BytesIO(content.encode()))
    raw = stream.getvalue()
    digest = hashlib.sha256(raw).hexdigest()
    return digest[:12], (gzip.compress(raw), digest)
