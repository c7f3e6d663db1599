"""Which tests run: `--speed quick`, `ci` or `all`. docs/tests.md says what each is for."""

import pytest
from hypothesis import settings

SPEEDS = ("quick", "ci", "all")
_EXAMPLES = 10
_FULL = settings().max_examples

# What a test may need. One that does runs under `all`, unless `quick` or `family` keeps it.
NEEDS = {"launch", "hosts", "fuzz", "cost"}
_LAUNCHING = {"tests/host": "make_bench", "tests/end_to_end": "site"}


def add_option(parser: pytest.Parser) -> None:
    parser.addoption("--speed", choices=SPEEDS, default="all", help="how much runs: quick, ci (one of each slow family too) or all")


def configure(config: pytest.Config) -> None:
    """Generated input in full number only where all of it runs."""
    if config.getoption("--speed") != "all":
        settings.register_profile("few", settings(), max_examples=_EXAMPLES)
        settings.load_profile("few")


def examples(full: int, few: int = _EXAMPLES) -> int:
    """How many examples a test takes that wants `full` of them; at most `few` in `quick` and `ci`."""
    return full if settings().max_examples == _FULL else min(full, few)


def split(items: list[pytest.Item], speed: str) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Those of this speed, and the others."""
    parted: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        _mark_by_place(item)
        parted[speed == "all" or _kept(item, speed)].append(item)
    return parted[True], parted[False]


def _mark_by_place(item: pytest.Item) -> None:
    """What launches does so through a folder's one fixture; all that boots is in one folder."""
    if item.nodeid.startswith("tests/real_hosts/"):
        item.add_marker(pytest.mark.hosts)
    elif _LAUNCHING.get(item.nodeid.partition("/test_")[0]) in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.launch)


def _kept(item: pytest.Item, speed: str) -> bool:
    names = {one.name for one in item.iter_markers()}
    return not names & NEEDS or _chosen(item, "quick") or (speed == "ci" and _chosen(item, "family"))


def _chosen(item: pytest.Item, name: str) -> bool:
    """Whether it is the one that stays: of a test with cases, the case that the mark names."""
    own = item.nodeid.partition("[")[2].removesuffix("]")
    return any(one.kwargs.get("case", own) == own for one in item.iter_markers(name))
