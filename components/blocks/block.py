"""What all building blocks share: tags, refusing an argument, putting out what they made."""

import inspect
from collections.abc import Mapping, Sequence

import pulumi

from components.errors import UsageError

ROLE = "slipway:role"
"""The tag that says what a server is for: `web` or `database`."""
APP = "slipway:app"
"""The tag with the app's name: two projects may be called alike."""
Tags = Mapping[str, pulumi.Input[str]]


class Block(pulumi.ComponentResource):
    """A component that puts out its public annotated attributes."""

    def _finish(self) -> None:
        """The last line of a block."""
        names = [name for kind in type(self).__mro__ if issubclass(kind, Block) for name in inspect.get_annotations(kind)]
        self.register_outputs({name: getattr(self, name) for name in names if not name.startswith("_")})


def one_of(block: str, argument: str, names: Sequence[str], found: str) -> str:
    """`found`, which must be one of these names. Raises `UsageError`."""
    if found not in names:
        raise UsageError(f"{block}: {argument}: wanted {' or '.join(names)}, found {found!r}; set one of them")
    return found


def child(
    parent: pulumi.Resource, keep: bool | None = None, ignore: Sequence[str] = (), after: Sequence[pulumi.Resource] = ()
) -> pulumi.ResourceOptions:
    """Options of a resource in a block. `keep`: it holds data, or what holds data stands in it.
    `ignore`: inputs that change by themselves. `after`: what has to be there first."""
    return pulumi.ResourceOptions(parent=parent, protect=keep or None, ignore_changes=[*ignore] or None, depends_on=[*after] or None)
