"""Every format as it was read and found good. After a wanted change: `PYTHONPATH=. python tests/plan/test_golden.py`, then `git diff`."""

from collections.abc import Callable
from pathlib import Path

import made_plans
import pytest

from ops.plan import formats
from ops.plan.document import Document
from ops.plan.formats import Paper

_FOLDER = Path(__file__).parent / "golden"
_COMPARED: Callable[[], Document] = lambda: made_plans.compared(made_plans.shop())  # noqa: E731
_FILES: dict[str, tuple[str, Callable[[], Document], Paper]] = {
    "local-80.txt": ("text", lambda: made_plans.local().document(), Paper(80)),
    "shop-80.txt": ("text", lambda: made_plans.shop().document(made_plans.FINDINGS), Paper(80)),
    "shop-160.txt": ("text", lambda: made_plans.shop().document(made_plans.FINDINGS), Paper(160)),
    "compared-80.txt": ("text", _COMPARED, Paper(80)),
    "single.md": ("markdown", lambda: made_plans.single().document(made_plans.FINDINGS), Paper()),
    "compared.md": ("markdown", _COMPARED, Paper()),
    "local.json": ("json", lambda: made_plans.local().document(), Paper()),
}


def _made(name: str) -> str:
    format, document, paper = _FILES[name]
    return formats.find(format)(document(), paper)


@pytest.mark.parametrize("name", _FILES)
def test_as_the_golden_file(name: str) -> None:
    assert _made(name) == (_FOLDER / name).read_text(encoding="utf-8")


def test_there_are_no_other_golden_files() -> None:
    assert {path.name for path in _FOLDER.iterdir()} == set(_FILES)


if __name__ == "__main__":
    _FOLDER.mkdir(exist_ok=True)
    for each in _FILES:
        (_FOLDER / each).write_text(_made(each), encoding="utf-8")
