"""Changes that stop what serves, though it stays."""

from collections.abc import Iterator

from components.settings import Settings
from components.settings.rules import NAMESPACE
from ops.plan.document import Warning
from ops.plan.warnings.context import Context
from policy.values import shown

_HOST_SETTINGS = (f"{NAMESPACE}front", f"{NAMESPACE}manager")


def warn(context: Context) -> Iterator[Warning]:
    """Servers and databases that are stopped, or gone before the next one is there; another front or manager on the hosts."""
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
    yield from _settings(context)


def _settings(context: Context) -> Iterator[Warning]:
    for key in _HOST_SETTINGS:
        default = Settings.model_fields[key.removeprefix(NAMESPACE)].default
        old, new = (plan.settings.get(key, default) for plan in (context.old, context.new))
        if old != new and context.old.resources:
            message = f"{key}: {shown(old)} becomes {shown(new)}: hosts change over, requests in that moment may fail"
            yield Warning(kind="downtime", urn="", message=message)
