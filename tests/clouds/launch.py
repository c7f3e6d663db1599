"""Stacks, applied by the real provider, applied again, destroyed: all of them in one state, for each command costs seconds to begin."""

import json
import re
import time
from collections.abc import Container, Mapping, Sequence
from typing import Any

from clouds.configuration import joined, written
from clouds.provider import Things
from clouds.recording import Recording
from clouds.schema import Schema
from clouds.terraform import Terraform

_PARALLEL = "-parallelism=20"  # most of the time the provider waits
_APPLY = ("apply", "-auto-approve", "-input=false", _PARALLEL)


class Launch:
    """`recordings` stand in one account at `endpoint`, each under names of its own."""

    def __init__(self, terraform: Terraform, schema: Schema, endpoint: str, recordings: Sequence[Recording]) -> None:
        regions = {region for one in recordings for region in one.regions}
        assert len(regions) == 1, f"wanted stacks of one region, found {sorted(regions)}"
        self._terraform, self._schema, self._endpoint, self._region = terraform, schema, endpoint, regions.pop()
        self._recordings, self._provider = recordings, schema.provider
        assert self._provider.emulator is not None
        self._emulator = self._provider.emulator
        self._referred = re.compile(rf"(?<![\w.]){self._provider.prefix}\w+\.[\w-]+__[\w-]+")
        self._before = self.left()
        self.seconds: dict[str, float] = {}
        self._snapshots: Things = set()
        self._kept = {made.address for one in recordings for made in one.made.values() if made.kept}

    def apply(self) -> None:
        """Everything is made."""
        self._configure(joined(written(one, self._schema) for one in self._recordings))
        self._run("apply", *_APPLY)

    def asked(self, names: Container[str]) -> set[tuple[str, str]]:
        """(Terraform's type, field) of all that these stacks have."""
        given = joined(written(one, self._schema) for one in self._recordings if one.name in names)
        return {(type, name) for kind in given.values() for type, labelled in kind.items() for body in labelled.values() for name in body}

    def wrongly_listed(self) -> list[tuple[str, str]]:
        """What the table says isn't told, and the emulator did tell, or no resource of that type asked for."""
        instances = {one["type"]: one["instances"] for one in self._terraform.state["resources"] if one["mode"] == "managed"}
        told = {(type, name) for type, name in self._provider.not_told if any(one["attributes"][name] for one in instances.get(type, ()))}
        asked = self.asked({one.name for one in self._recordings})
        return [one for one in self._provider.not_told if one[0] in instances and (one in told or one not in asked)]

    def again(self) -> None:
        """Fails with the differences where there are any."""
        self._run("plan again", "plan", "-detailed-exitcode", "-input=false", _PARALLEL)

    def fill(self) -> Things:
        """What hosts and deployers leave in each store. What is there then."""
        return self._emulator.fill(self._endpoint, self._region, self.left())

    def destroy_all_but_kept(self) -> Things:
        """As a destroy does that keeps data: what the plan says stays is let go of first. What that is, and the last snapshots of what
        goes."""
        whole = self._terraform.state
        self._terraform.state = self._part(whole, lambda address: address not in self._kept)
        self._destroy("destroy")
        self._terraform.state = self._part(whole, lambda address: address in self._kept)
        return self._emulator.known(self._terraform.state) | self._snapshots

    def destroy_kept(self, recordings: Sequence[Recording]) -> Things:
        """`recordings`: the same stacks that keep nothing. What is left of them is changed to that first, then all of it goes. Left are
        last snapshots alone: which."""
        now = json.loads(json.dumps(joined(written(one, self._schema) for one in recordings)))
        resources = {
            type: {label: self._alone(body) for label, body in labelled.items() if f"{type}.{label}" in self._kept}
            for type, labelled in now["resource"].items()
        }
        self._configure({**now, "resource": {type: labelled for type, labelled in resources.items() if labelled}})
        self._run("keep nothing", *_APPLY)
        self._destroy("destroy the rest")
        return self._snapshots

    def left(self) -> Things:
        """What there is now, and wasn't before the first was applied."""
        return self._emulator.there(self._endpoint, self._region) - getattr(self, "_before", set())

    def _alone(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Without what it says of resources that are gone: as it is."""
        needed = [one for one in body.get("depends_on", ()) if one in self._kept]
        asked = {name: value for name, value in body.items() if set(self._referred.findall(json.dumps(value))) <= self._kept}
        return {**asked, "depends_on": needed}

    def _configure(self, given: Mapping[str, Any]) -> None:
        self._terraform.configure({"provider": {self._provider.called: self._emulator.block(self._endpoint, self._region)}, **given})

    def _run(self, what: str, *words: str) -> None:
        """Notes how long it took; a failure says first which stacks it is about."""
        start = time.monotonic()
        try:
            self._terraform(*words)
        except AssertionError as error:
            of = rf" {self._provider.prefix}\w+\.([\w-]+?)__"
            names = re.findall("with" + of, str(error)) or re.findall("#" + of, str(error))  # errors; else what would change
            raise AssertionError(f"{what}, {', '.join(sorted(set(names))) or 'no stack named'}: {error}") from None
        self.seconds[what] = time.monotonic() - start

    def _destroy(self, what: str) -> None:
        """What isn't configured any more is removed, in the order that the state knows. Its last snapshots are noted."""
        resources = self._terraform.state["resources"]
        gone = ((one["type"], instance["attributes"]) for one in resources for instance in one["instances"])
        self._snapshots |= {snapshot for what in gone for snapshot in self._emulator.last(*what)}
        self._configure({})
        self._run(what, *_APPLY, "-refresh=false")

    @staticmethod
    def _part(state: Mapping[str, Any], wanted: Any) -> dict[str, Any]:
        managed = [one for one in state["resources"] if one["mode"] == "managed" and wanted(f"{one['type']}.{one['name']}")]
        return {**state, "resources": managed}
