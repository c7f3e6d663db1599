"""How big the house is: a table of the product's files, lines and imports, to compare.

`python -m tools.house [--json] [FOLDER]`; FOLDER: another checkout. `preview` runs in a copy.
"""

import ast
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOMS = ("components", "cloud_init", "ops", "policy")
DOZEN = 12
_PREVIEW = """
import sys
sys.argv = ["slipway", "--stack", "dev", "preview"]
sys.path.insert(0, "")
from ops.__main__ import main
try:
    main()
finally:
    print(*filter(None, (getattr(one, "__file__", None) for one in list(sys.modules.values()))), sep="\\n", file=sys.stderr)
"""


def product(folder: Path) -> dict[str, Path]:
    """The product's modules by dotted name."""
    paths = (path for room in ROOMS for path in sorted((folder / room).rglob("*.py")) if "templates" not in path.parts)
    return {".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def entered(folder: Path) -> list[str]:
    """The files, but for empty packages, that `preview` of the example on `local` imports."""
    with TemporaryDirectory() as place:
        copy = Path(place).resolve() / "copy"
        shutil.copytree(folder, copy, symlinks=True, ignore=shutil.ignore_patterns(".*", "__pycache__", "tests"))
        done = subprocess.run([sys.executable, "-Bc", _PREVIEW], cwd=copy, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"preview failed: {done.stderr}")
        files = (Path(line) for line in done.stderr.splitlines() if line.startswith(f"{copy}/"))
        inside = sorted({path.relative_to(copy) for path in files})
    return [str(path) for path in inside if path.parts[0] in ROOMS and len((folder / path).read_text("utf-8").splitlines()) > 1]


def importers(modules: dict[str, Path]) -> dict[str, set[str]]:
    """For each module those of the product that import it, be it late or for types alone."""
    found: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
        for wanted in _imported(ast.parse(path.read_text("utf-8")), package, modules):
            found[wanted].add(name)
    return found


def _imported(tree: ast.AST, package: list[str], modules: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(tree):
        names = [one.name for one in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            origin = ".".join([*above, *filter(None, [node.module])])
            names = [one if (one := f"{origin}.{name}") in modules else origin for name in names]
        yield from (name for name in names if name in modules)


def called_once(path: Path) -> int:
    """How many private functions of a module are named once beside their definition."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    defined = {one.name for one in nodes if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name[0] == "_" != one.name[1]}
    named = Counter(one.id if isinstance(one, ast.Name) else one.attr for one in nodes if isinstance(one, ast.Name | ast.Attribute))
    return sum(named[name] == 1 for name in defined)


def crowded(folder: Path) -> list[str]:
    """Folders with more than a dozen names, packages' own files apart."""
    folders = {path.parent for path in product(folder).values()}
    counts = {one: sum(each.suffix == ".py" or each in folders for each in one.iterdir() if each.stem != "__init__") for one in folders}
    return [f"{one.relative_to(folder)} ({count})" for one, count in sorted(counts.items()) if count > DOZEN]


def table(folder: Path) -> dict[str, int | list[str]]:
    """The measures: files, lines and median with templates and tables, the rest of Python alone."""
    modules = product(folder)
    paths = {path for room in ROOMS for path in (folder / room).rglob("*") if path.is_file() and path.suffix != ".pyc"}
    lines = {path: path.read_text("utf-8").splitlines() for path in paths}
    single = [name for name, by in importers(modules).items() if len(by) == 1 and modules[name].stem != "__init__"]
    return {
        "files": len(lines),
        "lines": sum(map(len, lines.values())),
        "median": round(median(map(len, lines.values()))),
        "files entered by preview": entered(folder),
        "modules with one importer": single,
        "of them under 45 lines": [name for name in single if len(lines[modules[name]]) < 45],
        "folders with over a dozen names": crowded(folder),
        "functions called once": sum(map(called_once, modules.values())),
        "longest line": max(len(line) for path in modules.values() for line in lines[path]),
    }


def main() -> None:
    """Prints numbers, or with `--json` the names behind them too."""
    words = [word for word in sys.argv[1:] if word != "--json"]
    made = table(Path(words[0] if words else ".").resolve())
    if "--json" in sys.argv:
        print(json.dumps(made, indent=2))
        return
    for name, value in made.items():
        print(f"{name:<34}{value if isinstance(value, int) else len(value):>7}")


if __name__ == "__main__":
    main()
