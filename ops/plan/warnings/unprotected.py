"""Protection lifted: Pulumi's, the cloud's own, and copies that are made at the end."""

from collections.abc import Iterator

from ops.plan.document import Change, Warning
from ops.plan.warnings.context import Context
from policy.values import cut, flag, one_line

_LOCKS = {
    "deletionProtection",
    "deletionProtectionEnabled",
    "enableDeletionProtection",
    "disableApiTermination",
    "protect",
    "retainOnDelete",
}
_OPENERS = {"skipFinalSnapshot", "forceDestroy", "forceDelete"}


def warn(context: Context) -> Iterator[Warning]:
    """Of what stays, each lock that is opened; of what goes, that it was locked."""
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
