"""The Python modules of an app's folder: which file a module's name means, as the app server will see it."""

from pathlib import Path

_NOT_THE_APP = {"tests", "test", "docs", "migrations", "node_modules", "venv", "env", "build", "dist"}
_NOT_THE_APP |= {"conftest", "setup", "noxfile", "fabfile", "manage"}


def roots(folder: Path) -> list[Path]:
    """Where modules are looked for: the app server has the same folders on its path, in this order."""
    return [root for root in (folder, folder / "src") if root.is_dir()]


def file_of(folder: Path, module: str) -> Path | None:
    """The file of `package.module`, or None: it may be installed then."""
    for root in roots(folder):
        place = root.joinpath(*module.split("."))
        for path in (place / "__init__.py", place.with_name(place.name + ".py")):
            if path.is_file():
                return path
    return None


def package_of(folder: Path, module: str) -> Path | None:
    """The folder of the package that `module` begins with, if it is the app's own."""
    first = module.partition(".")[0]
    return next((root / first for root in roots(folder) if (root / first / "__init__.py").is_file()), None)


def others(folder: Path, known: tuple[str, ...]) -> list[str]:
    """Packages and modules at the top of the folder, sorted, but for `known` names and what is no app's."""
    names = {name for root in roots(folder) for path in root.iterdir() if (name := _module(path))}
    return sorted(name for name in names - _NOT_THE_APP - set(known) if not name.startswith("test_"))


def _module(path: Path) -> str:
    """The name that imports a file or a folder; empty if none does."""
    is_package, is_module = (path / "__init__.py").is_file(), path.suffix == ".py" and path.is_file()
    name = path.name if is_package else path.stem
    return name if (is_package or is_module) and name.isidentifier() else ""


def shown(folder: Path, path: Path) -> str:
    """The path as the user sees it, from the app's folder on."""
    return path.relative_to(folder).as_posix()
