"""`--write-faults`: what the tests recorded becomes docs/faults.md."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import faults

_TABLE = Path(__file__).parents[1] / "docs/faults.md"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-faults", action="store_true", help="write docs/faults.md from what the tests saw (run them all)")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--write-faults") and not hasattr(config, "workerinput"):
        os.environ["SLIPWAY_TEST_FAULTS"] = tempfile.mkdtemp(prefix="slipway-faults-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if config.getoption("--write-faults") and not hasattr(config, "workerinput"):
        folder = Path(os.environ.pop("SLIPWAY_TEST_FAULTS"))
        _TABLE.write_text(faults.table(faults.gathered(folder)), encoding="utf-8")
        shutil.rmtree(folder)
