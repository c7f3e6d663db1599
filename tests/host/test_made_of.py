"""What an app is made of, on a host: packages first, the installer's secrets, another Python, and what is lacking by name."""

import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import documents
import pytest

from cloud_init.host import stores
from cloud_init.host.base import masking
from cloud_init.host.base.outcome import Refused, Steps
from cloud_init.host.contracts.manifest import INSTALL
from cloud_init.host.processes import managers
from cloud_init.host.release import environment, files, wheels
from cloud_init.host.release.manifests import HostStore
from cloud_init.host.server import provision, system_files

LACKING = {
    "      psycopg/psycopg.h:35:10: fatal error: libpq-fe.h: No such file or directory": "libpq-dev",
    "      Error: pg_config executable not found.": "libpq-dev",
    "ImportError: libpq.so.5: cannot open shared object file: No such file or directory": "libpq5",
    "OSError: cannot load library 'libpango-1.0-0': libpango-1.0-0: cannot open shared object file": "libpango-1.0-0",
    "ImportError: failed to find libmagic.  Check your installation": "libmagic1",
    'OSError: no library called "cairo-2" was found': "libcairo2",
    "error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory": "build-essential",
    "/bin/sh: 1: mysql_config: not found": "libmariadb-dev",
    "error: [Errno 2] No such file or directory: 'cmake'": "cmake",
    "ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?": "git",
    "error: Git executable not found. Ensure that Git is installed and available.": "git",
    "The headers or library files could not be found for jpeg,": "libjpeg-dev",
    "src/kerberos.c:1:10: fatal error: Python.h: No such file or directory": "python3-dev",
}


@pytest.mark.parametrize(("words", "package"), LACKING.items(), ids=LACKING.values())
def test_the_package_of_what_is_lacking_is_named(words: str, package: str) -> None:
    assert environment.hint(f"before\n{words}\nafter").endswith(f" is in the Debian package {package}: add it to slipway:app.packages")


@pytest.mark.parametrize(
    "words", ["", "ModuleNotFoundError: No module named 'flask'", "FileNotFoundError: No such file or directory: 'x.toml'"]
)
def test_what_no_package_has_has_no_hint(words: str) -> None:
    assert environment.hint(words) == ""


def test_a_library_that_is_not_in_the_table() -> None:
    said = environment.hint("ImportError: libodd.so.3: cannot open shared object file: No such file or directory")
    assert (
        said == "; libodd.so.3 is a library of the system: add its Debian package to slipway:app.packages (`apt-file search libodd.so.3`)"
    )


def test_an_installer_that_fails_names_the_package_and_no_secret(tmp_path: Path) -> None:
    masking.know("hunter2-token")
    done = SimpleNamespace(
        returncode=1, stdout="cloning https://me:pw@x.example/a\nhunter2-token\nError: pg_config executable not found.\n"
    )
    with pytest.raises(Refused) as caught:
        environment._run(SimpleNamespace(run=lambda command: done), ["pip"])  # type: ignore[arg-type]
    masking.forget()
    assert str(caught.value).endswith("; pg_config is in the Debian package libpq-dev: add it to slipway:app.packages")
    assert caught.value.log[:2] == ["cloning https://***@x.example/a", "***"]


def test_the_installer_alone_is_given_its_secrets(tmp_path: Path) -> None:
    places = documents.places(tmp_path, {"user": None, "python": sys.executable})
    store = stores.connect(f"file://{tmp_path}/store")
    store.put("secrets/web/r1.json", json.dumps({"KEY": "a", INSTALL: json.dumps({"TOKEN": "hunter2"})}).encode())
    host = HostStore(f"file://{tmp_path}/store", "local")
    assert host.installer("r1") == {"TOKEN": "hunter2"}
    assert host.installer("r2") == {}
    builder = environment.Builder(places, tmp_path / "venv", None, host.installer("r1"))
    assert "TOKEN=hunter2\n" in builder.run(["env"]).stdout
    assert "TOKEN" not in os.environ
    files.write_files(places, documents.manifest(id="r1", environment={"A": "b"}), host.secrets("r1"))
    assert json.loads((places.release("r1") / "env.json").read_text()) == {"A": "b", "KEY": "a"}
    assert not [path for path in places.srv.rglob("*") if path.is_file() and "hunter2" in path.read_text()]


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A host whose uv brings a Python 3.77 from where a variable says."""
    monkeypatch.setattr(environment, "_SYSTEM", (str(tmp_path / "bin"),))
    (tmp_path / "bin").mkdir()
    (tmp_path / "opt/slipway").mkdir(parents=True)
    python = "$6/cpython-3.77.1-linux/bin"
    bring = f"mkdir -p {python} && printf '#!/bin/sh\\necho Python 3.77.1' > {python}/python3.77 && chmod 755 {python}/python3.77"
    words = 'echo "$*" >> "$(dirname "$0")/asked"; [ "$UV_PYTHON_INSTALL_MIRROR" = http://127.0.0.1:9/token ] || '
    own = script(
        tmp_path / "uv",
        f'{words}{{ echo "error: failed to download from https://me:pw@x.example/"; exit 1; }}\nshift 9\nset -- 1 2 3 4 5 "$1"\n{bring}',
    )
    return documents.places(tmp_path, {"python": sys.executable, "uv": own})


MIRROR = {"UV_PYTHON_INSTALL_MIRROR": "http://127.0.0.1:9/token"}


def test_the_hosts_python_is_taken_where_it_is_the_one(places: Any) -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert environment._python(places, None, {}) == environment._python(places, version, {}) == sys.executable
    other = script(places.root / "bin/python3.88", "echo Python 3.88.0")
    assert environment._python(places, "3.88", {}) == other
    assert not (places.root / "asked").exists()


def test_a_python_that_the_host_lacks_is_brought_once(places: Any) -> None:
    path = environment._python(places, "3.77", MIRROR)
    assert path == str(places.root / "opt/slipway/pythons/cpython-3.77.1-linux/bin/python3.77")
    assert environment._python(places, "3.77", {}) == path
    folder = f"--install-dir {places.root}/opt/slipway/pythons"
    assert (
        places.root / "asked"
    ).read_text() == f"python install --no-bin --no-config --no-cache --no-progress --color never {folder} 3.77\n"


def test_a_python_that_nobody_has_is_told_with_what_is_there(places: Any) -> None:
    with pytest.raises(Refused) as caught:
        environment._python(places, "3.78", {})
    own = ".".join(map(str, sys.version_info[:3]))
    said = f"slipway:app.python: wanted 3.78, found Python {own} on this host, and uv brings none (failed to download from https://***@x.example/)"
    assert str(caught.value) == f"{said}; install it, set slipway:secretInstall.UV_PYTHON_INSTALL_MIRROR, or change the setting"


def test_constraints_are_of_the_apps_requirements_and_commits_come_last(
    places: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran: list[list[str]] = []
    read: list[str] = []

    def run(builder: Any, command: list[str]) -> None:
        ran.append([Path(word).name for word in command])
        read.extend(Path(word).read_text() for word in command if word.endswith(".txt"))

    monkeypatch.setattr(environment, "_run", run)
    monkeypatch.setattr(environment, "_pip_has_index", lambda secret: False)
    monkeypatch.setattr(environment, "_with_uv", lambda *_: ["uv"])
    (tmp_path / "venvs").mkdir()
    script(tmp_path / "uv", "exit 0")
    loose = environment._Needs(sys.executable, ("flask\n", "gunicorn\n"), "six<2\n")
    environment._make(places, tmp_path / "venvs/a", loose, None)
    assert ran == [["uv", "-r", "0.txt", "-c", "2.txt", "-r", "1.txt"]]
    assert read == ["flask\n", "six<2\n", "gunicorn\n"]
    ran.clear()
    exact = environment._Needs(sys.executable, [f"a==1 --hash=sha256:0\nb @ git+https://x.example/b@{40 * 'c'}\n"], exact=True)
    environment._make(places, tmp_path / "venvs/b", exact, None)
    assert ran == [["uv", "--no-deps", "--require-hashes", "-r", "0.txt"], ["uv", "--no-deps", "-r", "1.txt"]]
    assert wheels.parted("c @ git+https://x.example/c@main\n")[1] == ""  # which pip refuses then, as it has no hash
    assert wheels.parted("a==1 \\\n    --hash=sha256:0\n") == ("a==1 --hash=sha256:0\n", "")


def test_a_machine_as_it_is_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "missing", lambda names: [name for name in names if name != "there"])
    places, manifest = documents.places(tmp_path, {}), documents.manifest(packages=["there", "libpq5", "libmagic1"])
    with pytest.raises(Refused) as caught:
        provision.ensure(places, manifest, Steps(), lambda: pytest.fail("the environment was made"))
    wanted = "slipway:app.packages: wanted libpq5, libmagic1 on this machine, found none; install it with: apt-get install libpq5 libmagic1"
    assert str(caught.value) == wanted


def test_a_server_has_them_before_the_environment_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []
    monkeypatch.setattr(provision, "install", lambda names: done.append(list(names)))
    monkeypatch.setattr(system_files, "run", lambda *_: None)
    monkeypatch.setattr(managers, "of", lambda *_: SimpleNamespace(install=lambda: None))
    monkeypatch.setattr(Steps, "step", lambda self, name: nullcontext())
    manifest = documents.manifest(packages=["libpq5"], host={"packages": {"web": ["nginx-light", "python3-venv"]}, "system": {}})
    for role, first in (("web", ["python3-venv", "libpq5"]), ("database", [])):
        done.clear()
        provision.ensure(documents.places(tmp_path, {"role": role}), manifest, Steps(), lambda: done.append("environment"))
        assert done[0] == first
