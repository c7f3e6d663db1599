"""`--speed`: how much of the tests runs. `--faults=write`: what they recorded becomes docs/faults.md;
`--faults=check`: it holds that, and, where all of them ran, nothing else."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import faults
import interpreter
import speeds

pytest_plugins = ["pytester"]
# As users have it, whatever this machine says: commands compile what they import once, not each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_TABLE = Path(__file__).parents[1] / "docs/faults.md"
_LONG = ("test_kills.py", "test_aws_ec2.py", "test_fleet.py", "test_troubles.py", "test_pairs.py", "test_managers.py")
_HOSTS = ("tests/host", "tests/end_to_end")
_LAUNCHES = (*_HOSTS, "tests/real_hosts")


def pytest_addoption(parser: pytest.Parser) -> None:
    speeds.add_option(parser)
    parser.addoption(
        "--faults", choices=("write", "check"), help="write docs/faults.md from what the tests saw, or check it (run them all)"
    )


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Real launches first, the longest before them: what is quick fills the gaps at the end.

    None where a test file can't be read: with workers pytest would tell that after all the others have run."""
    items[:], left_out = speeds.split([] if session.testsfailed else items, config.getoption("--speed"))
    config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: (_LONG.index(item.path.name) if item.path.name in _LONG else 9, not item.nodeid.startswith(_LAUNCHES)))


def _asked(config: pytest.Config) -> str | None:
    """What is wanted, asked of the process that sees the whole run."""
    return None if hasattr(config, "workerinput") else config.getoption("--faults")


def pytest_configure(config: pytest.Config) -> None:
    # What a shell runs in the background ignores it, and so would every program that the tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    speeds.configure(config)
    if _asked(config):
        os.environ["SLIPWAY_TEST_FAULTS"] = tempfile.mkdtemp(prefix="slipway-faults-")


def pytest_unconfigure(config: pytest.Config) -> None:
    interpreter.end()
    if _asked(config):
        shutil.rmtree(os.environ.pop("SLIPWAY_TEST_FAULTS"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    wanted = _asked(session.config)
    if not wanted or session.testsfailed:
        return
    found = faults.gathered(Path(os.environ["SLIPWAY_TEST_FAULTS"]))
    if wanted == "write":
        _TABLE.write_text(faults.table(found), encoding="utf-8")
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    # Tests of the Pulumi CLI record nothing, as those that launch nothing; any other that was skipped may leave its rows out.
    skipped = [report for report in reporter.stats.get("skipped", []) if report.nodeid.startswith(_HOSTS)]
    whole = session.config.getoption("--speed") == "all" and all("Pulumi CLI" in str(report.longrepr) for report in skipped)
    problems = faults.stale(_TABLE.read_text(encoding="utf-8") if _TABLE.is_file() else "", found, whole)
    for problem in problems:
        reporter.line(f"docs/faults.md: {problem}; run `./slipway test --faults=write`", red=True)
    if problems:
        session.exitstatus = 1
