"""Changes of a resource's options: another provider may replace it, as the provider itself decides; nothing else does."""

from collections.abc import Iterator

from ops.plan.document import PropertyChange
from policy.plan import Resource

PROVIDER = "provider"


def changes(old: Resource, new: Resource) -> Iterator[PropertyChange]:
    """One for each option that differs, under the name that Pulumi gives it."""
    for name, before, after in (
        ("protect", old.protect, new.protect),
        ("retainOnDelete", old.retain, new.retain),
        ("deleteBeforeReplace", old.delete_before_replace, new.delete_before_replace),
        (PROVIDER, old.provider or None, new.provider or None),
        ("parent", old.parent or None, new.parent or None),
        ("ignoreChanges", sorted(old.ignore_changes), sorted(new.ignore_changes)),
        ("additionalSecretOutputs", sorted(old.secret_outputs), sorted(new.secret_outputs)),
        ("dependsOn", _said(old), _said(new)),
    ):
        if before != after:
            yield PropertyChange(path=name, old=before, new=after, replaces=None if name == PROVIDER and new.kind == "resource" else False)


def _said(resource: Resource) -> list[str]:
    """What it waits for because the program says so, not because an input comes from there."""
    implied = {urn for urns in resource.references.values() for urn in urns}
    return sorted(set(resource.depends_on) - implied)
