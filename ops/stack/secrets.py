"""Encrypted config as the CLI's passphrase provider writes it: AES-256-GCM, key by PBKDF2."""

import base64
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from cloud_init.host.base import masking
from components.errors import UsageError

_ROUNDS = 1_000_000
_CHECK = "pulumi"  # what the salt line holds encrypted, to tell a wrong passphrase


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
    parts = salt.split(":", 2)
    if len(parts) != 3:
        raise UsageError(f"{path}: encryptionsalt: wanted three parts, v1:SALT:CHECK, found {len(parts)}; put the line back as it was")
    try:
        made = Crypter(_key(passphrase(), base64.b64decode(parts[1])))
        made.decrypt(parts[2])
    except ValueError:
        raise UsageError(f"{path}: the passphrase is not this stack's; set PULUMI_CONFIG_PASSPHRASE to the right one") from None
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
