"""Names made of a stack's, within the letters that a cloud allows; and what hosts are called."""

import hashlib
import json
import re
from collections.abc import Sequence

import pulumi

from components.hosts import names

_DIGITS = 12  # of a bucket's hash
_APP, _STACK = 25, 24  # letters of a bucket's name at most; with two hyphens and the hash 63 in all
_SHORT_DIGITS = 6  # of a short name's hash


def bucket(account: str, region: str, project: str, stack: str, app: str, taken: Sequence[str] = ()) -> str:
    """`APP-STACK-HASH`: small letters, digits and single hyphens, at most 63, whatever names hold.
    The hash is of all five, so that no two stacks of the world share a name, and nobody else's
    bucket has one of ours by chance. `account`: as the cloud numbers or names it. `stack`: without
    organisation and project. `taken`: beginnings that the cloud keeps for itself."""
    whole = json.dumps([account, region, project, stack, app])
    hashed = hashlib.sha256(whole.encode()).hexdigest()[:_DIGITS]
    name = "-".join(part for part in (_legal(app, _APP), _legal(stack, _STACK), hashed) if part)
    return f"x{name}"[:63] if name.startswith(tuple(taken)) else name


def short(name: str, longest: int) -> str:
    """`name` where it fits: single hyphens, letters and digits, at most `longest`. Else what fits
    of it and a hash of all. Pulumi appends eight letters to a resource's name where it makes the
    name of what exists: `longest` is the cloud's limit without those."""
    legal = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
    if legal == name and len(name) <= longest:
        return name
    hashed = hashlib.sha256(name.encode()).hexdigest()[:_SHORT_DIGITS]
    return f"{legal[: longest - _SHORT_DIGITS - 1].strip('-')}-{hashed}"


def unique(name: str, longest: int = 64) -> str:
    """A name that no other stack's resource of an account has: `name`, and a hash of the stack."""
    whole = f"{pulumi.get_project()}/{pulumi.get_stack()}/{name}"
    hashed = hashlib.sha256(whole.encode()).hexdigest()[:_SHORT_DIGITS]
    return f"{short(name, longest - _SHORT_DIGITS - 1)}-{hashed}"


def database(app: str) -> str:
    """The name of an app's database on a managed server: small letters, digits and underscores, at
    most 63, and no word that an engine keeps for itself, such as `order` or `user`."""
    stem = re.sub(r"[^a-z0-9]+", "_", app.lower()).strip("_").lstrip("0123456789_")[:50]
    return f"{stem}_app" if stem else "app"


def host(role: pulumi.Input[str], instance: pulumi.Input[str]) -> pulumi.Output[str]:
    """What a server is called in the store, of the ids of its role and its own."""
    return pulumi.Output.all(role, instance).apply(lambda known: names.full(*known))


def _legal(text: str, longest: int) -> str:
    """What a bucket's name may hold of it, without hyphens at either end."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:longest].strip("-")
