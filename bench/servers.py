"""`python -m bench.servers`: one small JSON view behind nginx by each application server.

In paired runs: requests/s, p99, memory.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.__main__ import ROOT, free_port

SERVERS: dict[str, dict[str, Any]] = {
    "gunicorn gthread": {"kind": "gunicorn", "workerClass": "gthread"},
    "gunicorn sync": {"kind": "gunicorn", "workerClass": "sync"},
    "gunicorn gevent": {"kind": "gunicorn", "workerClass": "gevent"},
    "uwsgi": {"kind": "uwsgi"},
}
ROUNDS = 3
SECONDS = 5
APP = """
from flask import Flask

app = Flask(__name__)


@app.get("/")
def numbers():
    return {"numbers": list(range(20))}
"""


def main() -> None:
    """Every round runs every server once, so that what slows the machine down slows all of them."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-bench-"))
    folder.chmod(0o755)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in SERVERS}
    try:
        port = _prepare(folder)
        for number in range(ROUNDS):
            for name, server in SERVERS.items():
                runs[name].append(_run(folder, port, server))
                print(f"round {number + 1}, {name}: {runs[name][-1]}", file=sys.stderr, flush=True)
    finally:
        _ops(folder, "destroy", "--yes", check=False)
        shutil.rmtree(folder, ignore_errors=True)
    _show(runs)


def _prepare(folder: Path) -> int:
    for name in ("__main__.py", "Pulumi.yaml", "components", "cloud_init", "ops", "policy", "requirements"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "app").mkdir()
    (folder / "home").mkdir()
    (folder / "app/wsgi.py").write_text(APP)
    (folder / "app/requirements.txt").write_text("flask==3.1.3\n")
    return free_port()


def _run(folder: Path, port: int, server: dict[str, Any]) -> dict[str, float]:
    config = {"target": "local", "app": {"name": "bench", "path": "./app"}, "local": {"port": port}, "server": server}
    (folder / "Pulumi.dev.yaml").write_text(json.dumps({"config": {f"slipway:{name}": value for name, value in config.items()}}))
    _ops(folder, "up", "--yes")
    url = f"http://127.0.0.1:{port}/"
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.status == 200
    words = subprocess.run(["wrk", "-t1", "-c32", f"-d{SECONDS}s", "--latency", url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in words:
        raise SystemExit(f"{server}: answers other than 2xx\n{words}")
    return {"requests/s": _found(r"Requests/sec:\s+([\d.]+)()", words), "p99, ms": _found(r"99%\s+([\d.]+)(\w+)", words), **_memory(folder)}


def _found(pattern: str, words: str) -> float:
    found = re.search(pattern, words)
    assert found, words
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000, "": 1}[found[2]]


def _memory(folder: Path) -> dict[str, float]:
    told = json.loads(_ops(folder, "status", "--json"))
    host = told.get("hosts", [told])[0]
    return {"memory, MB": sum(one["memory"] or 0 for one in host["processes"] if one["name"] in ("blue", "green")) / 1e6}


def _ops(folder: Path, *arguments: str, check: bool = True) -> str:
    environment = {**os.environ, "HOME": str(folder / "home"), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "ops", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout


def _show(runs: dict[str, list[dict[str, float]]]) -> None:
    first = next(iter(runs))
    table = Table("server", "requests/s", f"times {first}", "p99, ms", "memory, MB", title=f"{os.cpu_count()} cores, {ROUNDS} paired runs")
    for name, figures in runs.items():
        ratios = [one["requests/s"] / base["requests/s"] for one, base in zip(figures, runs[first], strict=True)]
        middle = {key: statistics.median(one[key] for one in figures) for key in figures[0]}
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        table.add_row(name, f"{middle['requests/s']:,.0f}", spread, f"{middle['p99, ms']:.1f}", f"{middle['memory, MB']:.0f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
