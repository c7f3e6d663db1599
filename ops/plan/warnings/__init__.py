"""What to think about before a change is merged."""

import re
from collections.abc import Iterator, Sequence

from components.settings import Settings
from components.settings.rules import NAMESPACE
from ops.plan.document import Change, Warning
from ops.plan.warnings import opened
from ops.plan.warnings.context import Context
from policy.plan import Plan
from policy.values import cut, flag, one_line, shown

_HOST_SETTINGS = (f"{NAMESPACE}front", f"{NAMESPACE}manager")
_DATABASE = (f"{NAMESPACE}database.engine", f"{NAMESPACE}database.placement")
_NO_DATA = (None, "none", "external")
_LOCKS = {
    "deletionProtection",
    "deletionProtectionEnabled",
    "enableDeletionProtection",
    "disableApiTermination",
    "protect",
    "retainOnDelete",
}
_OPENERS = {"skipFinalSnapshot", "forceDestroy", "forceDelete"}


def all_of(old: Plan, new: Plan, changes: Sequence[Change]) -> Iterator[Warning]:
    """The warnings of every kind."""
    context = Context(old, new, tuple(changes))
    for warn in (_downtime, opened.warn, _removed, _replaced, _unprotected):
        yield from warn(context)


def _downtime(context: Context) -> Iterator[Warning]:
    """What is stopped, or gone before the next one is there; another front or manager on hosts."""
    stopped = {one.at.urn: one.stops_for for one in context.before.hosts}
    stopped |= {one.at.urn: one.stops_for for one in context.before.databases}
    for change in context.changed("alter", "may-replace"):
        why = [one.path for one in change.properties if one.path.partition(".")[0] in stopped.get(change.urn, ())]
        if why:
            message = f"is stopped for a while by the change of {', '.join(why)}"
            yield Warning(kind="downtime", urn=change.urn, message=message)
    for change in context.changed("replace", "may-replace"):
        if change.urn in context.roles and context.news[change.urn].delete_before_replace:
            message = "is removed before the next one is made: nothing serves in between"
            yield Warning(kind="downtime", urn=change.urn, message=message)
    yield from _settings_downtime(context)


def _settings_downtime(context: Context) -> Iterator[Warning]:
    for key in _HOST_SETTINGS:
        default = Settings.model_fields[key.removeprefix(NAMESPACE)].default
        old, new = (plan.settings.get(key, default) for plan in (context.old, context.new))
        if old != new and context.old.resources:
            message = f"{key}: {shown(old)} becomes {shown(new)}: hosts change over behind the maintenance page, in seconds"
            yield Warning(kind="downtime", urn="", message=message)


def _removed(context: Context) -> Iterator[Warning]:
    """Resources that go, and a database that the settings no longer want where it was."""
    for change in context.changed("remove"):
        role = context.roles.get(change.urn)
        if role:
            yield Warning(kind="removed", urn=change.urn, message=_removed_message(context, change.urn, role))
    yield from _removed_database(context)


def _removed_message(context: Context, urn: str, role: str) -> str:
    if context.olds[urn].retain:
        return f"{role}, is no longer managed; it stays where it is, with its costs"
    attached = [disk for host in context.before.hosts if host.at.urn == urn for disk in host.disks]
    if stays := [context.news[disk].name for disk in attached if disk in context.news]:
        return f"{role}, is removed; {' and '.join(stays)} stays with the data: nothing serves until the next server has it"
    return f"{role}, is removed with all that is on it: back it up first"


def _removed_database(context: Context) -> Iterator[Warning]:
    old, new = ({key: plan.settings.get(key) for key in _DATABASE} for plan in (context.old, context.new))
    if any(old[key] in _NO_DATA and old[key] is not None for key in _DATABASE) or all(old[key] is None for key in _DATABASE):
        return
    for key in _DATABASE:
        if old[key] != new[key]:
            message = (
                f"{key}: {shown(old[key])} becomes {shown(new[key])}: nothing is taken along from the database of before; back it up first"
            )
            yield Warning(kind="removed", urn="", message=message)


def _replaced(context: Context) -> Iterator[Warning]:
    """Another one in its place: its data and its addresses are its own."""
    templates = {urn for one in context.before.hosts for urn in one.started_from}
    for change in context.changed("alter"):
        inputs = context.news[change.urn].inputs.keys() - {"tags", "tagSpecifications"}
        why = [one.path for one in change.properties if re.split(r"[.\[]", one.path)[0] in inputs]
        if change.urn in templates and why:
            message = f"servers that run stay as they are: the change of {', '.join(why)} is for those started from then on"
            yield Warning(kind="replaced", urn=change.urn, message=message)
    for change in context.changed("replace", "may-replace"):
        role = context.roles.get(change.urn)
        if role:
            yield Warning(kind="replaced", urn=change.urn, message=_replaced_message(context, change, role))


def _replaced_message(context: Context, change: Change, role: str) -> str:
    sure = change.op == "replace"
    paths = [one.path for one in change.properties if one.replaces is (True if sure else None)]
    why = ", ".join(cut(one_line(path)) for path in paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    what = f"{role}, {'is' if sure else 'may be'} replaced by the change of {why}"
    kept = context.olds[change.urn]
    if kept.protect and context.news[change.urn].protect:
        return f"{what}; it is protected: the engine refuses that"
    return f"{what}; what is on it stays behind: back it up first" if role != "an entrance" else f"{what}; its address may be another one"


def _unprotected(context: Context) -> Iterator[Warning]:
    """Locks that are opened of what stays, and that what goes was locked."""
    for change in context.changed("alter", "replace", "may-replace"):
        for path in _lifted(change):
            message = f"{cut(one_line(path))} no longer protects it"
            yield Warning(kind="unprotected", urn=change.urn, message=message)
    for change in context.changed("remove"):
        if context.olds[change.urn].protect:
            message = "is protected, and removed: the engine refuses that until it is unprotected"
            yield Warning(kind="unprotected", urn=change.urn, message=message)


def _lifted(change: Change) -> Iterator[str]:
    for one in change.properties:
        name, was, now = one.path.rpartition(".")[2], flag(one.old), flag(one.new)
        if (name in _LOCKS and was and now is not True) or (name in _OPENERS and not was and now is not False):
            yield one.path
