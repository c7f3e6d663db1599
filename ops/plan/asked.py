"""Arguments of look-ups with their marks: the SDK takes those of secrets off before it asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pulumi.runtime import rpc


@contextmanager
def with_marks() -> Iterator[None]:
    """While a program is recorded. Nothing but this way tells which argument is a secret; that some are, the SDK goes on to know."""
    unwrap = rpc._unwrap_rpc_secret_struct_properties

    def keep(value: Any) -> tuple[Any, bool]:
        return value, unwrap(value)[1]

    rpc._unwrap_rpc_secret_struct_properties = keep
    try:
        yield
    finally:
        rpc._unwrap_rpc_secret_struct_properties = unwrap
