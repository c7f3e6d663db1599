"""Hosts of their own for tests, gone after them."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from host_bench import Bench


@pytest.fixture
def make_bench() -> Iterator[Any]:
    made: list[Bench] = []

    def make() -> Bench:
        folder = Path(tempfile.mkdtemp(prefix="slipway-host-"))
        folder.chmod(0o755)
        made.append(Bench(folder))
        return made[-1]

    yield make
    for bench in made:
        bench.host.remove(keep_data=False)
        shutil.rmtree(bench.folder)
