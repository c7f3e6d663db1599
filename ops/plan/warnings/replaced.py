"""Replacement of what serves or holds data."""

from collections.abc import Iterator

from ops.plan.document import Change, Warning
from ops.plan.warnings.context import Context
from policy.values import cut, one_line


def warn(context: Context) -> Iterator[Warning]:
    """Another one in its place: its data and its addresses are its own."""
    for change in context.changed("replace", "may-replace"):
        role = context.roles.get(change.urn)
        if role:
            yield Warning(kind="replaced", urn=change.urn, message=_message(context, change, role))


def _message(context: Context, change: Change, role: str) -> str:
    sure = change.op == "replace"
    why = [one.path for one in change.properties if one.replaces is (True if sure else None)]
    told = ", ".join(cut(one_line(path)) for path in why[:3]) + (f" and {len(why) - 3} more" if len(why) > 3 else "")
    what = f"{role}, {'is' if sure else 'may be'} replaced by the change of {told}"
    kept = context.olds[change.urn]
    if kept.protect and context.news[change.urn].protect:
        return f"{what}; it is protected: the engine refuses that"
    return f"{what}; what is on it stays behind: back it up first" if role != "an entrance" else f"{what}; its address may be another one"
