"""`python -m bench.requests [VIEW...]`: requests/s and p99 of Slipway's defaults beside the
recipes' own set-ups, in paired rounds: what slows the machine slows all of them. Needs nginx,
Apache, PostgreSQL and wrk; root, as servers run as www-data.
"""

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import uv
from rich.console import Console
from rich.table import Table

from bench.__main__ import ROOT, free_port

RECIPES = Path(__file__).parent / "recipes"
VIEWS = {
    "json": "/json",
    "template": "/template",
    "sqlite": "/row",
    "postgres": "/row",
    "wait": "/wait",
    "upload": "/upload",
    "static": "/static/100k.bin",
}
CONNECTIONS = (1, 32, 256)
ROUNDS, SECONDS = int(os.environ.get("BENCH_ROUNDS", "3")), 2
CORES = len(os.sched_getaffinity(0))
NEEDS = "flask==3.1.3\nsqlalchemy==2.0.51\npsycopg2-binary==2.9.12\n"
NGINX = """worker_processes auto; user www-data; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_rlimit_nofile 8192;
events {{ worker_connections 2048; }}
http {{ include /etc/nginx/mime.types; access_log {folder}/access.log; client_max_body_size 20m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  uwsgi_temp_path {folder}/uwsgi; fastcgi_temp_path {folder}/fastcgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; {rest} }} }}
"""
PROXY = "location / {{ proxy_pass http://127.0.0.1:{inner}; proxy_set_header Host $http_host; proxy_set_header X-Real-IP $remote_addr; }}"
UWSGI = "location /static {{ root {app}; }} location / {{ include /etc/nginx/uwsgi_params; uwsgi_pass unix:{folder}/app.sock; }}"
APACHE = """ServerRoot {folder}
PidFile {folder}/apache.pid
User www-data
Group www-data
ServerName localhost
ErrorLog {folder}/apache.log
{modules}
Listen 127.0.0.1:{port}
ProxyPreserveHost On
ProxyPass / http://127.0.0.1:{inner}/
ProxyPassReverse / http://127.0.0.1:{inner}/
"""
MODULES = "\n".join(
    f"LoadModule {one}_module /usr/lib/apache2/modules/mod_{one}.so" for one in ("mpm_event", "authz_core", "proxy", "proxy_http")
)
GUNICORN = "gunicorn --no-control-socket -u www-data -g www-data --chdir {app} -b 127.0.0.1:{inner}"
SETUPS = {
    "R0 gunicorn sync x8": (f"{GUNICORN} -w 8 app:app", PROXY),
    "R1, R4a uWSGI x5": ("uwsgi --socket {folder}/app.sock --chmod-socket=666 --processes 5 --master --vacuum --die-on-term --uid www-data "
                         "--gid www-data --home {venv} --disable-logging --chdir {app} --module app:app", UWSGI),
    "R2 gunicorn gevent": (f"{GUNICORN} -k gevent -w {CORES} app:app", PROXY),
    "R3 gunicorn gthread": (f"{GUNICORN} -k gthread -w {2 * CORES + 1} --threads 5 app:app", PROXY),
    "R4b Apache, gunicorn": (f"{GUNICORN} -w 5 app:app", ""),
}  # fmt: skip


def main() -> None:
    """Measures, prints a table, and removes all that it made."""
    views = sys.argv[1:] or [*VIEWS]
    folder = Path(tempfile.mkdtemp(prefix="slipway-bench-"))
    folder.chmod(0o755)
    found: dict[tuple[str, int, str], list[tuple[float, float]]] = {}
    try:
        for engine in ("sqlite", "postgres"):
            chosen = [view for view in views if (view == "postgres") == (engine == "postgres")]
            if not chosen:
                continue
            with _slipway(folder / engine, engine) as (port, app, url), _recipes(folder / engine, app, url) as others:
                ports = {"Slipway": port, **others}
                for _ in range(ROUNDS):
                    for view, connections in ((view, one) for view in chosen for one in CONNECTIONS):
                        for name, at in ports.items():
                            found.setdefault((view, connections, name), []).append(_asked(folder, at, view, connections))
                        print(
                            view,
                            connections,
                            {name: round(found[view, connections, name][-1][0]) for name in ports},
                            file=sys.stderr,
                            flush=True,
                        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _show(found)


@contextlib.contextmanager
def _slipway(folder: Path, engine: str) -> Iterator[tuple[int, Path, str]]:
    """A project on `local` with nothing set but the app: its port, the app's folder, the address of
    its database."""
    (folder / "home").mkdir(parents=True)
    for name in ("__main__.py", "Pulumi.yaml", "components", "cloud_init", "ops", "policy", "requirements"):
        (folder / name).symlink_to(ROOT / name)
    app = folder / "app"
    (app / "static").mkdir(parents=True)
    (app / "static/100k.bin").write_bytes(os.urandom(100_000))
    (app / "requirements.txt").write_text(NEEDS)
    for name in ("app.py", "tables.py"):
        shutil.copy(RECIPES / name, app)
    port = free_port()
    config = {
        "target": "local", "local": {"port": port}, "database": {"engine": engine},
        "app": {"name": "bench", "path": "./app", "static": {"/static": "static"}, "releaseCommand": "python tables.py"},
    }  # fmt: skip
    extra = json.loads(os.environ.get("BENCH_SERVER", "{}"))
    (folder / "Pulumi.dev.yaml").write_text(json.dumps({"config": {f"slipway:{name}": one for name, one in {**config, **extra}.items()}}))
    environment = {**os.environ, "HOME": str(folder / "home"), "NO_COLOR": "1"}

    def ops(*words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "ops", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode and words[0] == "up":
            raise SystemExit(done.stdout + done.stderr)

    ops("up", "--yes")
    try:
        tree = folder / ".slipway/dev/srv/slipway/bench"
        kept = tree / "data/passwords/postgres"
        url = f"sqlite:///{tree}/shared/app.sqlite3"
        if engine == "postgres":
            password = json.loads((kept / "app.json").read_text())["password"]
            url = f"postgresql://app:{password}@{(kept / 'address').read_text().strip()}/bench"
        yield port, app, url
    finally:
        ops("destroy", "--yes")


@contextlib.contextmanager
def _recipes(folder: Path, app: Path, url: str) -> Iterator[dict[str, int]]:
    """Each recipe's server and front, started as it says; ports by name."""
    venv = folder / "venv"
    subprocess.run([uv.find_uv_bin(), "venv", "-q", "--python", "/usr/bin/python3", str(venv)], check=True)
    needed = [*NEEDS.split(), "gunicorn[gevent]==27.0.1", "gevent==26.9.0", "pyuwsgi==2.0.30.post1"]
    subprocess.run([uv.find_uv_bin(), "pip", "install", "-q", "--python", str(venv / "bin/python"), *needed], check=True)
    with contextlib.ExitStack() as stack:
        ports = {}
        for number, (name, (command, front)) in enumerate(SETUPS.items()):
            own = folder / f"recipe{number}"
            own.mkdir(mode=0o777)
            own.chmod(0o777)
            port, inner = free_port(), free_port()
            values = {"folder": own, "port": port, "inner": inner, "app": app, "venv": venv, "modules": MODULES}
            words = command.format(**values).split()
            stack.enter_context(_running([str(venv / "bin" / words[0]), *words[1:]], {"DATABASE_URL": url}, own / "server.log"))
            (own / "conf").write_text(NGINX.format(**values, rest=front.format(**values)) if front else APACHE.format(**values))
            fronted = ["nginx", "-g", "daemon off;", "-c"] if front else ["apache2", "-DFOREGROUND", "-f"]
            stack.enter_context(_running([*fronted, str(own / "conf")], {}, own / "front.log"))
            ports[name] = port
        for name, port in ports.items():
            _await(name, port, folder)  # with a row: one that answers with errors would count as none
        yield ports


@contextlib.contextmanager
def _running(command: list[str], more: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("w") as out, subprocess.Popen(command, env={**os.environ, **more}, stdout=out, stderr=out) as process:
        try:
            yield
        finally:
            process.terminate()


def _await(name: str, port: int, folder: Path) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}{VIEWS['sqlite']}", timeout=5):
            return
        time.sleep(0.1)
    raise SystemExit(f"{name}: no answer\n" + "\n".join(log.read_text()[-500:] for log in folder.glob("recipe*/*.log")))


def _asked(folder: Path, port: int, view: str, connections: int) -> tuple[float, float]:
    """(requests/s of those that were answered well, p99 in ms)."""
    more: list[str] = []
    if view == "upload":
        script = folder / "upload.lua"
        script.write_text('wrk.method = "POST"\nwrk.body = string.rep("x", 1000000)\n')
        more = ["-s", str(script)]
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{SECONDS}s",
        "--timeout=10s",
        "--latency",
        *more,
        f"http://127.0.0.1:{port}{VIEWS[view]}",
    ]
    words = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    total = float(re.search(r"(\d+) requests in", words)[1])  # type: ignore[index]
    bad = sum(int(one) for one in re.findall(r"Non-2xx or 3xx responses: (\d+)", words))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", words)[1])  # type: ignore[index]
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", words)
    return rate * (1 - bad / total if total else 0), float(late[1]) * {"us": 0.001, "ms": 1, "s": 1000}[late[2]] if late else 0.0


def _show(found: dict[tuple[str, int, str], list[tuple[float, float]]]) -> None:
    names = ["Slipway", *SETUPS]
    table = Table(
        "view", "connections", *names, title=f"requests/s (p99 in ms), {CORES} cores, medians of {ROUNDS} paired rounds of {SECONDS} s"
    )
    for view, connections in dict.fromkeys((view, one) for view, one, _ in found):
        cells = []
        for name in names:
            runs = found[view, connections, name]
            cells.append(f"{statistics.median(rate for rate, _ in runs):,.0f} ({statistics.median(late for _, late in runs):.0f})")
        table.add_row(view, str(connections), *cells)
    Console(width=180).print(table)


if __name__ == "__main__":
    main()
