"""The virtual environment of a release, shared by releases with equal requirements. Packages run
what they like as they are built: a user of its own does so, sandboxed; then it is made root's."""

import hashlib
import json
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from ..base import Places, Refused, as_user, link, mark_ready, note, own, private, processes, template
from ..base.masking import masked
from ..contracts.manifest import Manifest
from ..processes import managers
from ..processes.managers import systemd
from ..stores import Store
from . import wheels

IN_IMAGE = "/app/venv"  # the environment in the image of a release
_WHEELS = Path("/usr/share/python-wheels")  # from Debian's and Ubuntu's python3-venv
_PIP_FILES = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf")
_PIP_INDEX = re.compile(r"^(extra.index.url|index.url|no.index)\s*[=:]", re.MULTILINE)
_SYSTEM = ("/usr/bin", "/usr/local/bin")
_BRING = "python install --no-bin --no-config --no-cache --no-progress --color never --install-dir"
_PASSED_ON = ("PIP_", "UV_", "SSL_CERT_", "REQUESTS_CA_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "LANG", "LC_")
_LACKED = (
    r"([\w/+.-]+\.h): No such file",
    r"([\w+.-]+\.so[\w.]*): cannot open shared object",
    r"cannot load library '([\w+.-]+)'",
    r"[Ff]ailed to find (lib\w+)",
    r"Unable to find (\w+) shared library",
    r'no library called "([\w.-]+)"',
    r"could not be found for (\w+)",
    r"make sure the (libxml2) and",
    r"Specify (MYSQLCLIENT_CFLAGS)",
    r"command '([\w+.-]+)' failed: No such file",
    r"No such file or directory: '([\w+.-]+)'",
    r"(?:find command|not find(?! command)) '?([\w+.-]+)",
    r"([\w+.-]+)(?: executable|: command|:) not found",
)


@dataclass(frozen=True)
class _Needs:
    """What an environment is made of. `exact`: `requirements` is one list of exact versions;
    `secret`: variables that the installer alone is given."""

    python: str
    requirements: Sequence[str]
    constraints: str = ""
    exact: bool = False
    secret: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        texts = [self.requirements, self.constraints] if self.constraints else self.requirements
        return hashlib.sha256(json.dumps([_version(self.python), self.python, texts]).encode()).hexdigest()[:12]


def ensure(places: Places, manifest: Manifest, store: Store, secret: Mapping[str, str] = {}) -> Path:
    """Makes the environment of the manifest's requirements, linked as `venv`: of the versions that
    were found when it was published, else of those that an index has now. `secret`: variables of
    the installer. Raises `Refused`. The image of a release has it already."""
    if places.facts.containers:
        link(places.release(manifest.id) / "venv", IN_IMAGE)
        return Path(IN_IMAGE)
    exact = (store.get(wheels.list_of(manifest.id)) or b"").decode()
    python = _python(places, manifest.python, secret)
    loose = _Needs(python, manifest.requirements, manifest.constraints, secret=secret)
    return _ensure(places, manifest, "venv", _Needs(python, [exact], exact=True, secret=secret) if exact else loose)


def drivers(places: Places, manifest: Manifest) -> Path:
    """The same for the requirements of the database's agent, with the link `drivers`."""
    return _ensure(places, manifest, "drivers", _Needs(places.python, (manifest.database.driver,)))


def _ensure(places: Places, manifest: Manifest, name: str, needs: _Needs) -> Path:
    folder = places.srv / "venvs" / needs.key
    if not (folder / "ready").is_file():
        note(f"installing requirements into a new environment {folder.name}")
        own(folder.parent, mode=0o711)
        _make(places, folder, needs, places.build_user)
    link(places.release(manifest.id) / name, f"../../venvs/{folder.name}")
    return folder


def of_the_host(places: Places, name: str, requirements: str) -> None:
    """An environment of the host's own, wheels pinned by hash, linked as `opt/slipway/NAME`. Root
    makes it, for root runs it: what builds others must not reach it."""
    folder = places.tool.with_name(f"{name}-{_Needs(places.python, requirements).key}")
    if not (folder / "ready").is_file():
        _make(places, folder, _Needs(places.python, [f"--only-binary :all:\n{requirements}"]), None)
    link(places.tool.with_name(name), folder.name)


def compile_source(places: Places, source: Path, wanted: Optional[str] = None) -> None:
    """Writes byte code beside the sources, where the app's user may not; by the Python that the
    environment was made with, never one that lies in it: what is in there others have written."""
    command = [_python(places, wanted), "-I", "-S", "-m", "compileall", "-q", str(source)]
    subprocess.run(processes.bound(command), capture_output=True, check=False)


def used(places: Places) -> set[str]:
    """The keys of the environments that some release links to."""
    links = [path for name in ("venv", "drivers") for path in (places.srv / "releases").glob(f"*/{name}")]
    return {os.path.basename(os.readlink(path)) for path in links if path.is_symlink()}


def _python(places: Places, wanted: Optional[str], secret: Mapping[str, str] = {}) -> str:
    """The path of a Python of that version, such as `3.13`; None: the host's. One that uv brings is
    root's. `secret`: variables of uv. Raises `Refused`."""
    if wanted is None:
        return places.python
    for path in (places.python, *(f"{folder}/python{wanted}" for folder in _SYSTEM)):
        if _is(path, wanted):
            return path
    folder = places.tool.with_name("pythons")
    return _brought(folder, wanted) or _bring(places, folder, wanted, secret)


def _version(python: str) -> str:
    """What it says of itself at length; empty where there is none."""
    try:
        return subprocess.run([python, "-VV"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def _is(python: str, wanted: str) -> bool:
    return _version(python).startswith((f"Python {wanted}.", f"Python {wanted} "))


def _brought(folder: Path, wanted: str) -> Optional[str]:
    paths = (str(path) for path in folder.glob(f"cpython-{wanted}.*/bin/python{wanted}"))
    return next((path for path in sorted(paths) if _is(path, wanted)), None)


def _bring(places: Places, folder: Path, wanted: str, secret: Mapping[str, str]) -> str:
    note(f"bringing Python {wanted}, which this host lacks")
    folder.mkdir(mode=0o755, exist_ok=True)
    if places.facts.uv is None:  # a server has none before it needs one
        of_the_host(places, "uv", template(__package__, "uv.txt"))
    uv = places.facts.uv or str(places.tool.with_name("uv") / "bin/uv")
    done = Builder(places, folder, None, secret).run([uv, *_BRING.split(), str(folder), wanted])
    if python := _brought(folder, wanted):
        return python
    there = (re.match(r"Python (\S+)", _version(places.python)) or ["", "none"])[1]
    words = masked(done.stdout)
    why = _reason(words).removeprefix("error: ")
    wish = f"slipway:app.python: wanted {wanted}, found Python {there} on this host, and uv brings none ({why})"
    mend = "install it, set slipway:secretInstall.UV_PYTHON_INSTALL_MIRROR, or change the setting"
    raise Refused(f"{wish}; {mend}", log=words.splitlines()[-20:])


def _make(places: Places, folder: Path, needs: _Needs, user: Optional[pwd.struct_passwd]) -> None:
    """A new environment; `ready` is written last, so that one that was killed is made again."""
    builder, wanted = Builder(places, folder, user, needs.secret), needs.requirements
    builder.end()  # what a killed run left at work there
    shutil.rmtree(folder, ignore_errors=True)
    private(folder, user, 0o755)
    with tempfile.TemporaryDirectory(prefix=".requirements-", dir=folder.parent) as texts:
        Path(texts).chmod(0o755)
        files = []
        for number, text in enumerate([*(wheels.parted(wanted[0]) if needs.exact else wanted), needs.constraints]):
            path = Path(texts) / f"{number}.txt"
            path.write_text(text, encoding="utf-8")
            files.append(["-r", str(path)] if text or not needs.exact else [])
        if needs.constraints:
            files[0] += ["-c", *files[-1][1:]]
        _install(builder, needs, files[:-1])
    builder.end()
    take(folder)
    mark_ready(folder, {"python": needs.python})


def _install(builder: "Builder", needs: _Needs, files: list[list[str]]) -> None:
    uv = builder.places.facts.uv
    with_uv = uv and not _pip_has_index(needs.secret) and builder.run([uv, "--version"]).returncode == 0  # that user may not reach it
    install = (_with_uv if with_uv else _with_pip)(builder, needs.python)
    if needs.exact:
        for file, checked in zip(files, (["--require-hashes"], [])):
            if file:
                _run(builder, [*install, "--no-deps", *checked, *file])
        return
    try:
        _run(builder, [*install, *(word for file in files for word in file)])
    except Refused:
        if len(files) == 1:
            raise
        # The server's own come second and win: an old pin in the app must not bring an old server.
        for file in files:
            _run(builder, [*install, *file])


def _pip_has_index(secret: Mapping[str, str]) -> bool:
    """Whether pip's settings are about indexes: uv reads none, and would take the public one."""
    own = os.environ.get("XDG_CONFIG_HOME", ""), os.environ.get("PIP_CONFIG_FILE", "")
    files = [Path(name).expanduser() for name in (*_PIP_FILES, f"{own[0]}/pip/pip.conf", own[1])]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in files if path.is_file()]
    named = {"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"} & (os.environ.keys() | secret.keys())
    return bool(named) or any(map(_PIP_INDEX.search, texts))


def _with_uv(builder: "Builder", python: str) -> list[str]:
    uv = str(builder.places.facts.uv)
    _run(builder, [uv, "venv", "--quiet", "--python", python, str(builder.folder)])
    return [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(builder.folder / "bin/python")]


def _with_pip(builder: "Builder", base: str) -> list[str]:
    """By the system's wheel of pip, as it is, for the system's Python alone: to put pip in takes
    longer."""
    places, folder = builder.places, builder.folder
    wheel = max(_WHEELS.glob("pip-*.whl"), default=None) if places.role and base == places.python else None
    _run(builder, [base, "-m", "venv", *(["--without-pip"] if wheel else []), str(folder)])
    start = ["-I", f"{wheel}/pip"] if wheel else ["-m", "pip"]
    return [str(folder / "bin/python"), *start, "install", "--quiet", "--disable-pip-version-check"]


def _run(builder: "Builder", command: list[str]) -> None:
    """Runs an installer. Raises `Refused` with its words, without credentials."""
    done = builder.run(command)
    if done.returncode:
        words = masked(done.stdout)
        how = hint(words)
        if not how and re.search("Failed to build `|Failed building wheel|metadata-generation-failed", words):
            how = "; a pin of an older Python's time: raise it, or set slipway:app.python to that one, which uv brings if need be"
        raise Refused(f"requirements can't be installed: {_reason(words)}{how}", log=words.splitlines()[-20:])


def _reason(words: str) -> str:
    lines = [line.strip(" ×╰─▶│") for line in words.splitlines() if line.strip()]
    named = [line for line in lines if re.search(r"error|no solution|not found|failed|because", line, re.IGNORECASE)]
    return (named or lines or ["the installer said nothing"])[0][:300]


class Builder:
    """Runs commands that fill one folder; `user` None: as whoever runs this tool, who is it too.
    `secret`: variables that they alone are given."""

    def __init__(self, places: Places, folder: Path, user: Optional[pwd.struct_passwd], secret: Mapping[str, str]) -> None:
        self.places, self.folder = places, folder
        self._server = Path("/run/systemd/system").is_dir() and bool(places.role)
        self._user, self._secret = user if os.geteuid() == 0 else None, secret
        self._unit = f"slipway-build-{folder.name}.service"
        self._home = places.lib / "build"  # what installers keep for the next time

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Runs a command in it; what it says is on `stdout`. It ends with this process."""
        options: dict[str, Any] = {"env": {**os.environ, **self._secret}}
        if self._user:
            private(self._home, self._user, 0o700)
            known = {name: value for name, value in os.environ.items() if name.upper().startswith(_PASSED_ON)}
            path = f"{self.places.python.rpartition('/')[0]}:/usr/local/bin:/usr/bin:/bin"
            options = {"env": {**known, **self._secret, "PATH": path, "HOME": str(self._home)}, "cwd": "/"}
            if self._server:
                command = self._in_unit(command, self._user, options["env"])
            else:  # a machine that is taken as it is may have no systemd
                options |= as_user(self._user)
        return subprocess.run(
            processes.bound(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", check=False, **options,
        )  # fmt: skip

    def end(self) -> None:
        """Ends whatever still runs there."""
        if self._user and self._server:
            systemd.call("stop", self._unit)

    def _in_unit(self, command: list[str], user: pwd.struct_passwd, environment: dict[str, str]) -> list[str]:
        """All that it starts is in one control group, and ends with it."""
        sandbox = template(managers.__name__, "sandbox.service").splitlines()
        rules = [*sandbox, f"User={user.pw_name}", "CapabilityBoundingSet=", f"ReadWritePaths={self.folder} {self._home}"]
        options = [f"--property={rule}" for rule in rules if not rule.startswith("#")]
        names = [f"--setenv={name}" for name in environment]
        return ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", f"--unit={self._unit}", *options, *names, "--", *command]


def take(folder: Path) -> None:
    """Makes what somebody else built this tool's user's, nothing of it writable by others."""
    if os.geteuid() != 0:
        return
    for _, folders, files, place in os.fwalk(folder):
        os.fchown(place, 0, 0)
        os.fchmod(place, 0o755)
        for name in (*folders, *files):
            if not stat.S_ISLNK((found := os.stat(name, dir_fd=place, follow_symlinks=False)).st_mode):
                os.chmod(name, found.st_mode & 0o755, dir_fd=place)
            os.chown(name, 0, 0, dir_fd=place, follow_symlinks=False)


def hint(words: str) -> str:
    """What to do about the first of it that the words name, as `; add …`; empty without any."""
    rows = dict(line.split() for line in template(__package__, "debian.txt").splitlines() if line[0] != "#")
    for pattern in _LACKED:
        for found in re.finditer(pattern, words):
            name = found[1]
            if package := rows.get(name) or rows.get(name.lower()):
                return f"; {name} is in the Debian package {package}: add it to slipway:app.packages"
            if ".so" in name:
                return f"; {name} is a library of the system: add its Debian package to slipway:app.packages (`apt-file search {name}`)"
    return ""
