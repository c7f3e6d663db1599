"""Which tests a speed runs; docs/tests.md names every launch that is kept and every family, each with its test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import speeds

ROOT = Path(__file__).parents[1]
PAGE = " ".join((ROOT / "docs/tests.md").read_text(encoding="utf-8").split())


def marked(name: str) -> Iterator[tuple[str, str]]:
    """What each such mark says, and where it stands."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == f"pytest.mark.{name}" and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value), f"{path.parent.name}/{path.stem.removeprefix('test_')}"


def test_the_page_names_the_launches_that_are_kept() -> None:
    launches = list(marked("quick"))
    assert [(promise, file) for promise, file in launches if f"| {promise} | `{file}` |" not in PAGE] == []
    assert PAGE.count("` |", PAGE.index("| promise |"), PAGE.index("## Families")) == len(launches) == 8


def test_the_page_names_every_family() -> None:
    families = sorted(marked("family"))
    assert len({name for name, _ in families}) == len(families)
    told = PAGE.partition("## Families")[2].partition(": ")[2].partition(". ")[0]
    assert told.replace("` · ", "`\n").splitlines() == [f"{name} `{file}`" for name, file in families]


def item(nodeid: str, *marks: pytest.MarkDecorator, fixtures: tuple[str, ...] = ()) -> SimpleNamespace:
    """A collected test."""
    own = [one.mark for one in marks]
    return SimpleNamespace(
        nodeid=nodeid, fixturenames=fixtures, add_marker=lambda one: own.append(one.mark),
        iter_markers=lambda name=None: [one for one in own if name in (None, one.name)],
    )  # fmt: skip


MARK = pytest.mark
QUICK, FAMILY = MARK.quick("it serves", case="a-1"), MARK.family("fronts", case="b")


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        (item("tests/ops/test_a.py::test"), "quick ci all"),
        (item("tests/end_to_end/test_a.py::test", fixtures=("site",)), "all"),
        (item("tests/host/test_a.py::test[a/b]", fixtures=("make_bench",)), "all"),
        (item("tests/rollout/test_a.py::test", fixtures=("site",)), "quick ci all"),
        (item("tests/real_hosts/test_a.py::test"), "all"),
        (item("tests/ops/test_a.py::test", MARK.cost), "all"),
        (item("tests/real_hosts/test_a.py::test[a-1]", QUICK), "quick ci all"),
        (item("tests/real_hosts/test_a.py::test[a-2]", QUICK), "all"),
        (item("tests/real_hosts/test_a.py::test[b]", QUICK, FAMILY), "ci all"),
        (item("tests/real_hosts/test_a.py::test", MARK.family("ssh")), "ci all"),
    ],
)
def test_what_runs(test: SimpleNamespace, wanted: str) -> None:
    assert [speed for speed in speeds.SPEEDS if speeds.split([test], speed)[0]] == wanted.split()  # type: ignore[list-item]
    assert all(sum(len(part) for part in speeds.split([test], speed)) == 1 for speed in speeds.SPEEDS)  # type: ignore[list-item,misc]


def test_generated_input_in_full_number_only_where_all_runs() -> None:
    assert speeds.examples(600) in (10, 600)
    assert speeds.examples(12, few=2) in (2, 12)
    assert speeds.examples(5) == 5


def test_every_mark_is_told() -> None:
    registered = re.findall(r'^    "(\w+)[:(]', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert {*speeds.NEEDS, "quick", "family"} == set(registered)
    assert [name for name in registered if f"`{name}`" not in PAGE] == []
