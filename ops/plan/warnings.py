"""What to think about before a change is merged."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from components.errors import one_line
from components.settings import Settings
from components.settings.report import NAMESPACE
from ops.plan.document import Change, Op, Warning, WarningKind
from policy import clouds
from policy.plan import Plan, flag, shown

_OWN_HOST = "pulumi-python:dynamic/slipway:Host"
_HOST_SETTINGS = (f"{NAMESPACE}front", f"{NAMESPACE}manager")
_OTHER = "hosts that are laid out with another refuse the release; on docker the front is replaced"
_DATABASE = (f"{NAMESPACE}database.engine", f"{NAMESPACE}database.placement")
_NO_DATA = (None, "none", "external")
_LOCKS = {"deletionProtection", "deletionProtectionEnabled", "enableDeletionProtection", "disableApiTermination"}
_LOCKS |= {"protect", "retainOnDelete"}
_OPENERS = {"skipFinalSnapshot", "forceDestroy", "forceDelete"}

Said = Iterator[tuple[str, str]]
"""URN (empty: the stack) and message of each warning of one kind."""


class _Context:
    """A change from `old` to `new`, and what the old plan means."""

    def __init__(self, old: Plan, new: Plan, changes: Sequence[Change]) -> None:
        self.old, self.new, self.changes = old, new, changes
        self.before = clouds.gather(old)
        self.olds, self.news = ({one.urn: one for one in plan.resources} for plan in (old, new))
        self.roles = {one.urn: "kept data" for one in old.resources if (one.protect or one.retain) and one.kind == "resource"}
        """By URN, in words, what serves or holds data; if a cloud has no file, the protected."""
        self.roles |= {one.urn: "a host" for one in old.of(_OWN_HOST)}
        self.roles |= {one.urn: "an entrance" for one in self.before.entrances}
        self.roles |= {one.at.urn: "a server" for one in self.before.hosts}
        self.roles |= {one.at.urn: "a disk with data" for one in self.before.disks if one.apart}
        self.roles |= {one.at.urn: "a bucket" for one in self.before.buckets}
        self.roles |= {one.at.urn: "a database" for one in self.before.databases}

    def changed(self, *ops: Op) -> Iterator[Change]:
        """The changes of these kinds."""
        return (one for one in self.changes if one.op in ops)


def all_of(old: Plan, new: Plan, changes: Sequence[Change]) -> Iterator[Warning]:
    """The warnings of every kind."""
    context = _Context(old, new, changes)
    for kind, warn in _KINDS.items():
        yield from (Warning(kind=kind, urn=urn, message=message) for urn, message in warn(context))


def _downtime(context: _Context) -> Said:
    """What is stopped, or gone before the next one is there; another front or manager on hosts."""
    stopped = {one.at.urn: one.stops_for for one in context.before.hosts}
    stopped |= {one.at.urn: one.stops_for for one in context.before.databases}
    for change in context.changed("alter", "may-replace"):
        why = [one.path for one in change.properties if {one.path, one.path.partition(".")[0]} & stopped.get(change.urn, frozenset())]
        if why:
            yield change.urn, f"is stopped for a while by the change of {', '.join(why)}"
    for change in context.changed("replace", "may-replace"):
        if change.urn in context.roles and context.news[change.urn].delete_before_replace:
            yield change.urn, "is removed before the next one is made: nothing serves in between"
    for key in _HOST_SETTINGS:
        default = Settings.model_fields[key.removeprefix(NAMESPACE)].default
        old, new = (plan.settings.get(key, default) for plan in (context.old, context.new))
        if old != new and context.old.resources:
            yield "", f"{key}: {shown(old)} becomes {shown(new)}: {_OTHER}"


def _removed(context: _Context) -> Said:
    """Resources that go, and a database that the settings no longer want where it was."""
    for change in context.changed("remove"):
        if role := context.roles.get(change.urn):
            yield change.urn, f"{role}, {_goes(context, change.urn)}"
    old, new = ({key: plan.settings.get(key) for key in _DATABASE} for plan in (context.old, context.new))
    if any(old[key] in _NO_DATA and old[key] is not None for key in _DATABASE) or all(old[key] is None for key in _DATABASE):
        return
    for key in _DATABASE:
        if old[key] != new[key]:
            lost = "nothing is taken along from the database of before; back it up first"
            yield "", f"{key}: {shown(old[key])} becomes {shown(new[key])}: {lost}"


def _goes(context: _Context, urn: str) -> str:
    if context.olds[urn].retain:
        return "is no longer managed; it stays where it is, with its costs"
    attached = [disk for host in context.before.hosts if host.at.urn == urn for disk in host.disks]
    if stays := [context.news[disk].name for disk in attached if disk in context.news]:
        return f"is removed; {' and '.join(stays)} stays with the data: nothing serves until the next server has it"
    return "is removed with all that is on it: back it up first"


def _replaced(context: _Context) -> Said:
    """Another one in its place: its data and its addresses are its own."""
    templates = {urn for one in context.before.hosts for urn in one.started_from}
    for change in context.changed("alter"):
        inputs = context.news[change.urn].inputs.keys() - {"tags", "tagSpecifications"}
        why = [one.path for one in change.properties if re.split(r"[.\[]", one.path)[0] in inputs]
        if change.urn in templates and why:
            yield change.urn, f"servers that run stay as they are: the change of {', '.join(why)} is for those started from then on"
    for change in context.changed("replace", "may-replace"):
        if role := context.roles.get(change.urn):
            yield change.urn, f"{role}, {_comes_anew(context, change, role)}"


def _comes_anew(context: _Context, change: Change, role: str) -> str:
    sure = change.op == "replace"
    paths = [one.path for one in change.properties if one.replaces is (True if sure else None)]
    why = ", ".join(one_line(path) for path in paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    what = f"{'is' if sure else 'may be'} replaced by the change of {why}"
    if context.olds[change.urn].protect and context.news[change.urn].protect:
        return f"{what}; it is protected: the engine refuses that"
    return f"{what}; what is on it stays behind: back it up first" if role != "an entrance" else f"{what}; its address may be another one"


def _unprotected(context: _Context) -> Said:
    """Locks that are opened of what stays, and that what goes was locked."""
    for change in context.changed("alter", "replace", "may-replace"):
        for one in change.properties:
            name, was, now = one.path.rpartition(".")[2], flag(one.old), flag(one.new)
            if (name in _LOCKS and was and now is not True) or (name in _OPENERS and not was and now is not False):
                yield change.urn, f"{one_line(one.path)} no longer protects it"
    for change in context.changed("remove"):
        if context.olds[change.urn].protect:
            yield change.urn, "is protected, and removed: the engine refuses that until it is unprotected"


_KINDS: Mapping[WarningKind, Callable[[_Context], Said]] = {
    "downtime": _downtime,
    "removed": _removed,
    "replaced": _replaced,
    "unprotected": _unprotected,
}
