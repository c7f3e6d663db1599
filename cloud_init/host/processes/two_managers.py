"""Two managers at once, while a release changes from one to the other: each program is kept by the one that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..base.places import Places
from .managers.contract import Manager, Told
from .programs import Program


class TwoManagers(Manager):
    """`first` is the one in force, `owner` names the one that a program belongs to.

    What is started goes to its owner; what is stopped stops wherever it runs."""

    def __init__(self, places: Places, first: Manager, others: Sequence[Manager], owner: Callable[[Places, str], str]) -> None:
        super().__init__(places)
        self.kind = first.kind
        self._first = first
        self._name = owner
        self._all = [first, *others]

    @property
    def running(self) -> bool:
        return self._first.running

    @property
    def pid(self) -> int | None:
        return self._first.pid

    def answers(self) -> bool:
        return self._first.answers()

    def memory(self) -> int:
        return sum(one.memory() for one in self._all)

    def configure(self) -> bool:
        return self._first.configure()

    def launch(self) -> None:
        self._first.launch()

    def shut_down(self) -> None:
        for one in self._all:
            one.shut_down()

    def forget(self) -> None:
        for one in self._all:
            one.forget()

    def programs(self) -> list[str]:
        return sorted({name for one in self._all for name in one.programs()})

    def told(self, program: str) -> Told:
        return self._owner(program).told(program)

    def start(self, program: str) -> None:
        self._owner(program).start(program)

    def stop(self, program: str) -> None:
        for one in self._having(program):
            one.stop(program)

    def signal(self, program: str, name: str) -> None:
        self._owner(program).signal(program, name)

    def add(self, program: Program) -> None:
        self._owner(program.name).add(program)

    def remove(self, name: str) -> None:
        for one in self._having(name):
            one.remove(name)

    def _owner(self, program: str) -> Manager:
        kind = self._name(self.places, program)
        return next((one for one in self._all if one.kind == kind), self._first)

    def _having(self, program: str) -> list[Manager]:
        return [one for one in self._all if program in one.programs()]
