"""The host tool's start: with the library that its store needs, whatever Python runs it."""

import subprocess
import sys
from pathlib import Path

from cloud_init import host_tool
from cloud_init.host.__main__ import library

_IMPORT = """
import runpy, sys
sys.argv = [sys.argv[1], "--help"]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit:
    import speaks_to_a_bucket, json
    print(speaks_to_a_bucket.__file__, json.__name__, hasattr(json, "loads"))
"""


def test_whatever_python_runs_it_finds_the_library_of_its_store(tmp_path: Path) -> None:
    """Which never takes the place of what Python has itself."""
    tool = tmp_path / "host.pyz"
    tool.write_bytes(host_tool.tool())
    place = Path(library(str(tool)))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tool.with_name("store"))], check=True)
    assert place.is_dir()
    for name in ("speaks_to_a_bucket", "json"):
        (place / f"{name}.py").write_text("")
    done = subprocess.run([sys.executable, "-I", "-c", _IMPORT, str(tool)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"{place}/speaks_to_a_bucket.py json True"
