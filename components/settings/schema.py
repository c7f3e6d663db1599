"""What a settings model is made of: its base class, and the kinds of values with the words that errors and docs use for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

WANTED = "wanted"
"""Type of the pydantic errors that a `Kind` raises; their context holds `wanted` and `found` (empty: the value itself)."""

BOOT: JsonDict = {"boot": True}
"""`json_schema_extra` of a target's option that boot data may depend on: image, size, region, store. Any other leaves it as it is."""


class Model(BaseModel):
    """A section of the stack's settings: camelCase in YAML, frozen, unknown keys refused. A target's `Options` derive from it."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_default=True)


class Unwanted(Exception):
    """Raised by a check: what is wanted instead, and what was found where the value itself must not or can't be shown."""

    def __init__(self, wanted: str = "", found: str = "") -> None:
        super().__init__(wanted)
        self.wanted, self.found = wanted, found


@dataclass(frozen=True)
class Kind:
    """One kind of value, for use in `Annotated[type, Kind(…)]`.

    `name` is for the table of settings, `wanted` for errors. `check` gives the value as settings hold it, or raises `Unwanted`;
    `write` spells such a value as the stack file does.
    """

    name: str
    wanted: str
    check: Callable[[Any], Any]
    write: Callable[[Any], str] = str

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validate)

    def _validate(self, value: Any) -> Any:
        try:
            return self.check(value)
        except Unwanted as error:
            context = {"wanted": error.wanted or self.wanted, "found": error.found}
            raise PydanticCustomError(WANTED, "{wanted}", context) from None


def number(low: int, high: int, unit: str = "") -> Kind:
    """A whole number from `low` to `high`, both included; digits in quotes do as well."""
    wanted = f"a whole number from {low} to {high}" + (f" ({unit})" if unit else "")
    return Kind(wanted.removeprefix("a whole "), wanted, lambda value: to_number(value, low, high))


def to_number(value: Any, low: int, high: int) -> int:
    """The value as an int in the range; raises `Unwanted`."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(high)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Unwanted
    return value
