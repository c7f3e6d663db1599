"""Property values as a plan holds them: marks for unknown and secret, `.` for the project."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.rpc import UNKNOWN as SDK_UNKNOWN

from ops.engine.values import IS_SECRET, SIGNATURE
from policy.plan import SECRET, UNKNOWN

# What else the SDK marks as a special object in a struct.
_IS_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_IS_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"

Shorten = Callable[[str], str]


def shortener(folders: Collection[Path]) -> Shorten:
    """Writes each of these folders as `.`, where it is a whole path, or one after `file://`."""
    names = sorted({str(one) for one in folders} - {"/"}, key=len, reverse=True)
    if not names:
        return str
    pattern = re.compile(r"(?:(?<![\w./-])|(?<=file://))(?:" + "|".join(map(re.escape, names)) + r")(?![\w.-])")
    return lambda text: pattern.sub(".", text)


def from_struct(struct: struct_pb2.Struct, origins: Mapping[str, Collection[str]], shorten: Shorten) -> dict[str, Any]:
    """Plain properties with marks. `origins`: for each property the URNs that it comes from."""
    raw = json_format.MessageToDict(struct)
    kept = {name: value for name, value in raw.items() if not name.startswith("__")}
    return {name: _plain(value, sorted(origins.get(name, ())), shorten) for name, value in sorted(kept.items())}


def known_scalars(struct: struct_pb2.Struct, hidden: Collection[str] = ()) -> struct_pb2.Struct:
    """The properties that a resource surely puts out as they came in. `hidden`: as secrets."""
    made = struct_pb2.Struct()
    for name, value in json_format.MessageToDict(struct).items():
        inner = value.get("value") if isinstance(value, dict) and value.get(SIGNATURE) == IS_SECRET else value
        if not name.startswith("__") and isinstance(inner, str | bool | float) and inner != SDK_UNKNOWN:
            made[name] = {SIGNATURE: IS_SECRET, "value": inner} if name in hidden else value
    return made


def _plain(value: Any, origins: list[str], shorten: Shorten) -> Any:
    if isinstance(value, dict):
        return _mapping(value, origins, shorten)
    if isinstance(value, list):
        return [_plain(item, origins, shorten) for item in value]
    if isinstance(value, str):
        return {UNKNOWN: origins} if value == SDK_UNKNOWN else shorten(value)
    # A struct knows no whole numbers.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _mapping(value: dict[str, Any], origins: list[str], shorten: Shorten) -> Any:
    kind = value.get(SIGNATURE)
    if kind == IS_SECRET:
        return {SECRET: ""}
    if kind in (_IS_ASSET, _IS_ARCHIVE):
        shown = {name: item for name, item in value.items() if name != SIGNATURE}
        return {"asset" if kind == _IS_ASSET else "archive": _plain(shown, origins, shorten)}
    return {name: _plain(item, origins, shorten) for name, item in sorted(value.items())}
