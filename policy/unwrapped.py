"""What the engine hands to a policy pack -> values of a plan: what is unknown raises there, and secrets come unwrapped."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pulumi_policy.proxy import UnknownValueError

from policy import names
from policy.plan import SECRET, UNKNOWN

_SHORTEST = 6  # characters of a secret that is searched for: shorter ones stand in many a text by chance


class Unwrapped:
    """Reads values; the stack's own secrets are known, so where one stands a mark is put again."""

    def __init__(self, secrets: Iterable[Any]) -> None:
        self._secrets = [one for one in map(str, secrets) if len(one) >= _SHORTEST]

    def mapping(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A mapping of the engine as plain JSON with marks. Values whose names say so are taken for secrets: it can't be told."""
        return {str(key): self._named(str(key), self._at(given, key)) for key in given}

    def _at(self, holder: Any, key: Any) -> Any:
        try:
            return self._value(holder[key])
        except UnknownValueError:
            return {UNKNOWN: []}

    def _value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self.mapping(value)
        if isinstance(value, str):
            return {SECRET: ""} if self._holds_secret(value) else value
        if isinstance(value, Sequence):
            return [self._at(value, place) for place in range(len(value))]
        return value if value is None or isinstance(value, bool | int | float) else {UNKNOWN: []}

    def _named(self, name: str, value: Any) -> Any:
        return {SECRET: ""} if isinstance(value, str) and names.of_input(name) else value

    def _holds_secret(self, text: str) -> bool:
        return any(secret in form for form in (text, _decoded(text)) for secret in self._secrets)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""
