"""Names that say a secret stands behind them: of settings, environment variables and inputs."""

import re

_ENDINGS = {"BASE", "BASE64", "B64", "BINARY", "NEW", "OLD", "PEM", "PLAIN", "PLAINTEXT", "PREVIOUS", "STRING", "TEXT", "VALUE", "WO"}
"""Endings that say nothing of their own: SECRET_KEY_BASE, secretString, passwordWo."""
_SECRET = ("PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN")
_KEYS = {"API", "ACCESS", "AUTH", "ENCRYPTION", "MASTER", "PRIVATE", "SECRET", "SIGNING"}
_HARMLESS = {"CACHE", "FOREIGN", "HASH", "INDEX", "OBJECT", "PARTITION", "PRIMARY", "PUBLIC", "PUBLISHABLE", "RANGE", "SITE", "SORT"}


def of_variable(name: str) -> bool:
    """An environment variable. Keys count unless they are public; SECRET_NAME, TOKEN_TTL don't."""
    words = _words(name)
    if words[-1:] == ["KEY"]:
        return not _HARMLESS.intersection(words[-2:-1])
    return _says_secret(words) or (len(words) > 1 and words[-1] in ("PASS", "PWD"))


def of_input(name: str) -> bool:
    """An input of a resource. A key must be said to be secret, since most there are names."""
    words = _words(name)
    return _says_secret(words) or (words[-1:] == ["KEY"] and bool(_KEYS.intersection(words[-2:-1])))


def _says_secret(words: list[str]) -> bool:
    """Only the last word counts, which may have others written to it: PGPASSWORD."""
    return bool(words) and (words[-1].endswith(_SECRET) or words[-1] in {f"{word}KEY" for word in _KEYS})


def _words(name: str) -> list[str]:
    """The words of SOME_NAME, someName or some-name in capitals, without numbers and endings."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    words = [word for word in re.split(r"[^A-Za-z0-9]+", parted.upper()) if word and not word.isdigit()]
    while len(words) > 1 and words[-1] in _ENDINGS:
        words.pop()
    return words
