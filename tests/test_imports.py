"""No modules of the product import each other in a circle, be it for types alone or inside a function."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for folder in ("components", "cloud_init", "ops", "policy")
    for path in (ROOT / folder).rglob("*.py")
    if "templates" not in path.parts
}


def imported(name: str, path: Path) -> Iterator[str]:
    """The modules that one imports: of a package its own file only where a name is taken from that."""
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package[: len(package) + 1 - node.level] if node.level else []
            whole = ".".join([*parts, *([node.module] if node.module else [])])
            yield from (one if (one := f"{whole}.{alias.name}") in MODULES else whole for alias in node.names)


def test_no_circle() -> None:
    TopologicalSorter({name: {*imported(name, path)} & MODULES.keys() for name, path in MODULES.items()}).prepare()


def test_the_ground_of_the_host_tool_rests_on_contracts_alone() -> None:
    grounds = {name: path for name, path in MODULES.items() if name.startswith("cloud_init.host.base")}
    taken = {one for name, path in grounds.items() for one in imported(name, path) if one.startswith("cloud_init")}
    allowed = ("cloud_init.host.base", "cloud_init.host.contracts")
    assert not [one for one in taken if one != "cloud_init.host" and not one.startswith(allowed)]
