"""Removal of what serves or holds data."""

from collections.abc import Iterator

from ops.plan.document import Warning
from ops.plan.warnings.context import Context
from policy.values import shown

_DATABASE = ("slipway:database.engine", "slipway:database.placement")
_NO_DATA = (None, "none", "external")


def warn(context: Context) -> Iterator[Warning]:
    """Resources that go, and a database that the settings no longer want where it was."""
    for change in context.changed("remove"):
        role = context.roles.get(change.urn)
        if role:
            yield Warning(kind="removed", urn=change.urn, message=_message(context, change.urn, role))
    yield from _database(context)


def _message(context: Context, urn: str, role: str) -> str:
    if context.olds[urn].retain:
        return f"{role}, is no longer managed; it stays where it is, with its costs"
    return f"{role}, is removed with all that is on it: back it up first"


def _database(context: Context) -> Iterator[Warning]:
    old, new = ({key: plan.settings.get(key) for key in _DATABASE} for plan in (context.old, context.new))
    if any(old[key] in _NO_DATA and old[key] is not None for key in _DATABASE) or all(old[key] is None for key in _DATABASE):
        return
    for key in _DATABASE:
        if old[key] != new[key]:
            message = (
                f"{key}: {shown(old[key])} becomes {shown(new[key])}: nothing is taken along from the database of before; back it up first"
            )
            yield Warning(kind="removed", urn="", message=message)
