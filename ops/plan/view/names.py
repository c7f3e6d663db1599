"""What resources and look-ups are called where their URNs would be too long."""

import re
from collections import Counter, defaultdict

from components.errors import one_line
from ops.display.changes import short_type, type_of
from policy.plan import Lookup, Plan, Resource

_LONGEST = 60  # characters
STAND_IN = re.compile(r"lookup\(([^()#\s]+)#(\w+)\)")


class Names:
    """Names of one plan: with the type where a name isn't the only one of its kind."""

    def __init__(self, plan: Plan) -> None:
        self.by_urn = {one.urn: one for one in plan.resources}
        self.children: dict[str, list[Resource]] = defaultdict(list)
        for one in plan.resources:
            self.children[one.parent if one.parent in self.by_urn else ""].append(one)
        self._counts = Counter(one.name for one in plan.resources)
        self._lookups = Counter(short_type(one.token) for one in plan.lookups)

    def of(self, urn: str) -> str:
        """The name of a resource; of one that is gone the end of its URN."""
        one = self.by_urn.get(urn)
        if one is None:
            return one_line(urn.rpartition("::")[2], _LONGEST)
        return name_of(one) if self._counts[one.name] == 1 else f"{name_of(one)} ({type_of(one.type)})"

    def lookup(self, token: str, digest: str) -> str:
        """`getAmi`, or `getAmi#1a2b3c4d` where it is asked more than once."""
        name = short_type(token)
        return one_line(name if self._lookups[name] < 2 else f"{name}#{digest}", _LONGEST)

    def lookup_of(self, one: Lookup) -> str:
        """The same name for what stands in the plan's list."""
        found = STAND_IN.match(one.stand_in)
        return self.lookup(one.token, found[2] if found else "")


def name_of(resource: Resource) -> str:
    """On one line and not too long, whatever it holds."""
    return one_line(resource.name, _LONGEST)
