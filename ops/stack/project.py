"""Pulumi.yaml and the stack files, as the Pulumi CLI reads them. Encrypted values are as its
passphrase provider writes them: AES-256-GCM, key by PBKDF2."""

import base64
import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from cloud_init.host.base import files, masking
from components.errors import UsageError, one_line, shown

_ROUNDS = 1_000_000
_DECLARES = {"type", "items", "description", "secret"}
_CHECK = "pulumi"  # what the salt line holds encrypted, to tell a wrong passphrase


@dataclass(frozen=True)
class Project:
    """A folder with a Pulumi.yaml."""

    name: str
    folder: Path


@dataclass(frozen=True)
class Stack:
    """A stack file: `config` has full keys such as `slipway:app`, and plain values."""

    name: str
    config: Mapping[str, Any]
    secret_keys: frozenset[str]
    salt: str | None


def load_project(folder: Path) -> Project:
    """The project in that folder."""
    path = folder / "Pulumi.yaml"
    value = read(path)
    name = value.get("name")
    if not isinstance(name, str) or not name:
        raise UsageError(f"{path}: name: wanted text, found {shown(name)}; write the project's name there")
    given = value.get("config") or {}
    kept = given.items() if isinstance(given, dict) else [("", given)]
    # Pulumi's own keys are none of the program's, and what only declares a setting gives no value.
    values = [str(key) for key, one in kept if str(key)[:7] != "pulumi:" and not (isinstance(one, dict) and one.keys() <= _DECLARES)]
    if values or "stackConfigDir" in value:
        found = f"some here ({one_line(values[0])})" if values else "stackConfigDir"
        raise UsageError(f"{path}: config: wanted settings in stack files beside it alone, found {found}; move them there")
    return Project(name, folder)


def _full_key(project: str, key: Any) -> str:
    return str(key) if ":" in str(key) else f"{project}:{key}"


def load_stack(project: Project, name: str, sealed: bool = False) -> Stack:
    """The stack of that name; `sealed` decrypts nothing. Keys with encrypted parts are secret."""
    path = project.folder / f"Pulumi.{name}.yaml"
    if not path.exists():
        raise UsageError(f"there is no stack {name!r} (no {path.name}); make it with: ./slipway -s {name} init APP")
    value = read(path)
    given = value.get("config") or {}
    if not isinstance(given, dict):
        raise UsageError(f"{path}: config: wanted keys and values, found {type(given).__name__}")
    salt = value.get("encryptionsalt")
    if not isinstance(salt, str | None):
        raise UsageError(f"{path}: encryptionsalt: wanted text, found {shown(salt)}; put the line back as it was")
    if value.get("environment"):
        raise UsageError(
            f"{path}: environment: wanted settings in this file, found Pulumi ESC; `pulumi up` alone opens that; write them here"
        )
    config, hidden = {}, set()
    for key, raw in given.items():
        full = _full_key(project.name, key)
        if is_encrypted(raw):
            hidden.add(full)
            try:
                raw = raw if sealed else opened(raw, crypter(salt, path).decrypt)
            except ValueError as error:
                raise UsageError(f"{path}: {one_line(full)}: can't be decrypted ({one_line(str(error))}); set it anew") from None
        config[full] = raw
    return Stack(name, config, frozenset(hidden), salt)


def read(path: Path) -> dict[str, Any]:
    """The YAML file there. Raises `UsageError`."""
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        found = f"found none that can be read ({error.strerror}); run this in the folder that holds Pulumi.yaml"
        raise UsageError(f"{path}: wanted a file, {found}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date such as 2001-13-01 is a ValueError of Python's own
        # The text of an error quotes the line, which may hold a password.
        mark, found = getattr(error, "problem_mark", None), getattr(error, "problem", None) or type(error).__name__
        where = f"{path}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(path)
        raise UsageError(f"{where}: wanted YAML, found an error: {one_line(found, 200)}; mend it") from None
    if value is not None and not isinstance(value, dict):
        raise UsageError(f"{path}: wanted keys and values, found {type(value).__name__}; mend it")
    return value or {}


def set_config(project: Project, stack: str, key: str, value: str, secret: bool = False, path: bool = False) -> None:
    """Writes one value into a stack file, which keeps its comments and order: `pulumi config set`.

    `path`: the key's dots name nested keys."""
    file = project.folder / f"Pulumi.{stack}.yaml"
    if file.exists():
        load_stack(project, stack)  # a broken file or a wrong passphrase is told before anything is written
    full = _full_key(project.name, key)
    with edited(file) as document:
        stored: Any = value
        if secret:
            if "encryptionsalt" not in document:
                document["encryptionsalt"] = new_salt()
            stored = {"secure": crypter(document["encryptionsalt"], file).encrypt(value)}
        values, parts = document["config"], full.split(".") if path else [full]
        for part in parts[:-1]:
            values = values.setdefault(part, {})
            if not isinstance(values, dict):
                raise UsageError(f"config set: {part}: wanted a section to put {parts[-1]!r} in, found a plain value")
        values[parts[-1]] = stored


@contextmanager
def edited(file: Path) -> Iterator[Any]:
    """What a stack file says, to be changed: written then with its comments and order, all or
    nothing. Its `config` is empty where there is none yet."""
    round_trip, text = YAML(), io.StringIO()
    round_trip.width = 4096
    try:
        document = (round_trip.load(file.read_text(encoding="utf-8")) if file.exists() else None) or {}
    except YAMLError as error:
        raise UsageError(f"{file}: wanted YAML, found an error: {one_line(' '.join(str(error).split()), 200)}; mend it") from None
    if not isinstance(document.get("config"), dict):
        document["config"] = {}
    yield document
    round_trip.dump(document, text)
    files.write(file, text.getvalue().encode())


class Crypter:
    """Encrypts text under one 32-byte key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encrypt(self, text: str) -> str:
        """`v1:NONCE:CIPHERTEXT`, both in base64."""
        masking.know(text)
        nonce = os.urandom(12)
        return f"v1:{_base64(nonce)}:{_base64(self._cipher.encrypt(nonce, text.encode(), None))}"

    def decrypt(self, value: str) -> str:
        """Raises `ValueError` for a damaged value or another key."""
        version, _, rest = value.partition(":")
        nonce, _, data = rest.partition(":")
        if version != "v1":
            raise ValueError(f"wanted a value of version v1, found {version!r}")
        try:
            text = self._cipher.decrypt(base64.b64decode(nonce), base64.b64decode(data), None).decode()
        except InvalidTag:
            raise ValueError("the key does not fit") from None
        masking.know(text)
        return text


def crypter(salt: str | None, path: Path) -> Crypter:
    """The stack's crypter from its `encryptionsalt` and the passphrase of the environment."""
    if salt is None:
        raise UsageError(f"{path}: wanted encryptionsalt for its secrets, found none (another secrets provider?); use the Pulumi CLI")
    try:
        _, given, check = salt.split(":", 2)
        made = Crypter(_key(passphrase(), base64.b64decode(given)))
        made.decrypt(check)
    except ValueError:
        wanted = "the passphrase is not this stack's, or its encryptionsalt is damaged"
        raise UsageError(f"{path}: {wanted}; set PULUMI_CONFIG_PASSPHRASE to the right one, or put the line back") from None
    return made


def new_salt() -> str:
    """An `encryptionsalt` line for the passphrase of the environment."""
    salt = os.urandom(8)
    return f"v1:{_base64(salt)}:{Crypter(_key(passphrase(), salt)).encrypt(_CHECK)}"


def passphrase() -> str:
    """PULUMI_CONFIG_PASSPHRASE, or what is in the file of PULUMI_CONFIG_PASSPHRASE_FILE."""
    if "PULUMI_CONFIG_PASSPHRASE" in os.environ:
        return os.environ["PULUMI_CONFIG_PASSPHRASE"]
    if "PULUMI_CONFIG_PASSPHRASE_FILE" in os.environ:
        path = Path(os.environ["PULUMI_CONFIG_PASSPHRASE_FILE"])
        try:
            return path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise UsageError(f"PULUMI_CONFIG_PASSPHRASE_FILE: {path} can't be read ({error.strerror})") from None
    raise UsageError("the stack has secrets: set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE)")


def is_encrypted(value: Any) -> bool:
    """True if anything in the value is encrypted."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return is_secure(value) or any(map(is_encrypted, inside))


def opened(value: Any, decrypt: Callable[[str], str]) -> Any:
    """The value with what `decrypt` makes of everything encrypted."""
    if isinstance(value, dict):
        return decrypt(value["secure"]) if is_secure(value) else {key: opened(item, decrypt) for key, item in value.items()}
    return [opened(item, decrypt) for item in value] if isinstance(value, list) else value


def is_secure(value: Any) -> bool:
    """Whether it is one encrypted text."""
    return isinstance(value, dict) and set(value) == {"secure"} and isinstance(value["secure"], str)


@cache
def _key(phrase: str, salt: bytes) -> bytes:
    return PBKDF2HMAC(hashes.SHA256(), 32, salt, _ROUNDS).derive(phrase.encode())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
