"""A host in a folder, of the tests of the host tool, for the tests of clouds' services for commands."""

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def made() -> Iterator[Any]:
    """The host, removed at the end."""
    spec = importlib.util.spec_from_file_location("bench_of_hosts", Path(__file__).parents[1] / "host/conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = Path(tempfile.mkdtemp(prefix="slipway-cloud-"))
    folder.chmod(0o755)
    bench = module.Bench(folder)
    try:
        yield bench
    finally:
        bench.host.remove(keep_data=False)
        shutil.rmtree(folder)
