"""`python -m bench`: bare clone to the first 200, unchanged `up`, code-only release, memory."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
_TIMES = 5


def main() -> None:
    """Measures in a clone of the last commit, in a folder of its own, and removes it."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-bench-"))
    folder.chmod(0o755)
    try:
        figures = _measure(folder / "clone", free_port())
    finally:
        subprocess.run(["./slipway", "destroy", "--yes"], cwd=folder / "clone", capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)
    if "--json" in sys.argv:
        print(json.dumps(figures))
    else:
        _show(figures)


def _measure(clone: Path, port: int) -> dict[str, float]:
    began = time.monotonic()
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    stack = clone / "Pulumi.dev.yaml"
    stack.write_text(stack.read_text().replace("port: 8080", f"port: {port}"))
    _up(clone)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        assert answer.status == 200
    bare = time.monotonic() - began
    unchanged = median(_up(clone) for _ in range(_TIMES))
    code_only = median(_release(clone, number) for number in range(_TIMES))
    return {"bare clone to first 200, s": bare, "unchanged up, s": unchanged, "code-only release, s": code_only, **_memory(clone)}


def _release(clone: Path, number: int) -> float:
    with (clone / "app/wsgi.py").open("a") as file:
        file.write(f"# {number}\n")
    return _up(clone)


def _up(clone: Path) -> float:
    began = time.monotonic()
    subprocess.run(["./slipway", "up", "--yes"], cwd=clone, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def _memory(clone: Path) -> dict[str, float]:
    """Megabytes: the app's processes, and what Slipway keeps beside them (supervisord, front)."""
    told = subprocess.run(["./slipway", "status", "--json"], cwd=clone, capture_output=True, check=True).stdout
    host: Any = json.loads(told)
    host = host.get("hosts", [host])[0]
    sizes = {process["name"]: (process["memory"] or 0) / 1e6 for process in host["processes"]}
    all_of_it = host["manager"]["memory"] / 1e6
    app = sizes["blue"] + sizes["green"]
    return {"memory of the app, MB": app, "memory beside it, MB": all_of_it - app}


def _show(figures: dict[str, float]) -> None:
    table = Table("figure", "value", title=f"{os.cpu_count()} cores; medians of {_TIMES}")
    for name, value in figures.items():
        table.add_row(name, f"{value:.1f}")
    Console().print(table)


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
