"""What all blocks on Google Cloud share: labels, names, conditions, the store's address."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.blocks import names
from components.blocks.block import APP, Tags
from components.errors import UsageError

RESOURCE = 55  # letters of a resource's name: 63, less Pulumi's eight
_TAKEN = ("goog",)  # what no bucket's name may begin with
_DIGITS = 6  # of a label's hash


def label(value: str) -> str:
    """A label's value: small letters, digits, hyphens and underscores, at most 63. Where another
    text would lose something, a hash of all of it keeps it apart."""
    if re.fullmatch(r"[a-z0-9_-]{0,63}", value):
        return value
    hashed = hashlib.sha256(value.encode()).hexdigest()[:_DIGITS]
    return f"{re.sub(r'[^a-z0-9_-]+', '-', value.lower())[: 62 - _DIGITS]}-{hashed}"


def label_key(tag: str) -> str:
    """A tag's name as labels have it: `slipway-role` for `slipway:role`."""
    return tag.replace(":", "-")


def labels(tags: Tags | None, **more: str) -> dict[str, pulumi.Input[str]]:
    """The program's own tags as labels, which control finds servers by."""
    given: Mapping[str, Any] = {**(tags or {}), **more}
    return {
        label_key(tag): label(value) if isinstance(value, str) else pulumi.Output.from_input(value).apply(label)
        for tag, value in given.items()
    }


def of_stack(project: str, stack: str, app: str) -> dict[str, str]:
    """Labels that whatever is that stack's has, and nothing else. `project`: Pulumi's."""
    return {label_key(tag): label(value) for tag, value in {"project": project, "stack": stack, APP: app}.items()}


def resource_name(name: str) -> str:
    """A resource's name in the program, of which Pulumi makes its name in Google's letters."""
    return names.short(name.lower(), RESOURCE)


def bucket_name(project_id: str, region: str, project: str, stack: str, app: str) -> str:
    """The name of a stack's bucket, made without asking anybody. `project_id`: Google's project;
    `project`: Pulumi's. No bucket's name may hold Google's own, however it is written."""
    return re.sub(r"g[o0]+g[l1]e", "g-gle", names.bucket(project_id, region, project, stack, app, _TAKEN))


def store_address(bucket: str) -> str:
    """The bucket as a store's address, for hosts and deployers alike."""
    return f"gs://{bucket}"


def zone_name(setting: str, domain: str, project: str, zones: Sequence[Any]) -> str:
    """What the domain's public zone is called among all that the project has in Cloud DNS.
    `setting`: where the domain stands. Raises `UsageError`."""
    # A plan that asks no cloud has texts that stand for what would be found.
    found = [one.name for one in zones if (one.dns_name, one.visibility) == (f"{domain}.", "public") or "(" in one.name]
    if not found:
        wanted = f"wanted a domain that has a public zone in Cloud DNS of {project}, found none for {domain}"
        raise UsageError(f"{setting}: {wanted}; make that zone, or leave it out")
    return str(found[0])


def below(bucket: str, prefixes: Sequence[str]) -> str:
    """A condition of a right on that bucket: only objects whose names begin like that, and only
    lists of those."""
    objects = [f"resource.name.startsWith('projects/_/buckets/{bucket}/objects/{one}')" for one in prefixes]
    listed = "api.getAttribute('storage.googleapis.com/objectListPrefix', '')"
    return " || ".join([*objects, *(f"{listed}.startsWith('{one}')" for one in prefixes)])
