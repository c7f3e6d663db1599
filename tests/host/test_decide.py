"""What a server does next, as a table and as a machine that anything may happen to."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from speeds import examples

from cloud_init.host.contracts.rollout import DesiredState
from cloud_init.host.follow.decide import (
    ABORT,
    BEGUN,
    COMMIT,
    CONVERGE,
    DONE,
    FAILED,
    PREPARE,
    SILENCE,
    Action,
    Attempt,
    Here,
    decide,
    pause,
)

IDLE = DesiredState(7, live="old")
PROPOSED = DesiredState(7, live="old", candidate="new", elected="web")
LIVE = DesiredState(7, live="new")
TO_PREPARE = Action(PREPARE, 7, "new", True)
TO_OLD = Action(CONVERGE, 7, "old", True)
NOW = 10_000.0


def here(live: str | None = "old", ready: str | None = None, generation: int = 6, **attempts: Attempt) -> Here:
    return Here("web", live, ready, generation, attempts)


def at(state: str, ago: float = 1.0, tries: int = 1) -> Attempt:
    return Attempt(state, tries, NOW - ago)


CASES = {
    "nothing was ever wanted": (DesiredState(0), here(None, generation=0), None),
    "a new server, nothing live": (DesiredState(7), here(None), Action(ABORT, 7)),
    "a new server": (IDLE, here(None), Action(CONVERGE, 7, "old")),
    "a new server that is elected": (replace(IDLE, elected="web"), here(None), Action(CONVERGE, 7, "old", True)),
    "away for a rollout": (LIVE, here("old"), Action(CONVERGE, 7, "new")),
    "proposed": (PROPOSED, here(), Action(PREPARE, 7, "new", True)),
    "proposed, another is elected": (replace(PROPOSED, elected="other"), here(), Action(PREPARE, 7, "new")),
    "proposed for the first time": (DesiredState(7, candidate="new"), here(None), Action(PREPARE, 7, "new")),
    "proposed what serves": (replace(PROPOSED, candidate="old"), here(), Action(PREPARE, 7, "old", True)),
    "proposed to a new server": (PROPOSED, here(None), Action(CONVERGE, 7, "old", True)),
    "proposed to a new server that came up": (PROPOSED, here("old", None, 7, converge=at(DONE)), Action(PREPARE, 7, "new", True)),
    "proposed to a new server that can't": (PROPOSED, here(None, None, 7, converge=at(FAILED)), Action(PREPARE, 7, "new", True)),
    "proposed by another write of that number": (replace(PROPOSED, token="2"), here("old", None, 7, prepare=at(DONE)), TO_PREPARE),
    "prepared": (PROPOSED, here("old", "new", 7, prepare=at(DONE)), None),
    "prepared, and long silence": (PROPOSED, here("old", "new", 7, prepare=at(DONE, SILENCE)), Action(ABORT, 7)),
    "silence, and nothing more": (PROPOSED, here("old", None, 7, prepare=at(DONE, SILENCE), abort=at(DONE)), None),
    "silence, and the way to live": (PROPOSED, here(None, None, 7, prepare=at(FAILED, SILENCE), abort=at(DONE)), TO_OLD),
    "silence, told in vain": (PROPOSED, here("old", None, 7, prepare=at(DONE, SILENCE), abort=at(FAILED, 60)), Action(ABORT, 7)),
    "not prepared": (PROPOSED, here("old", None, 7, prepare=at(FAILED)), None),
    "interrupted as it prepared": (PROPOSED, here("old", None, 7, prepare=at(BEGUN)), Action(PREPARE, 7, "new", True)),
    "interrupted twice": (PROPOSED, here("old", None, 7, prepare=at(BEGUN, tries=2)), None),
    "interrupted twice, later": (PROPOSED, here("old", None, 7, prepare=at(BEGUN, 20, tries=2)), Action(PREPARE, 7, "new", True)),
    "committed": (LIVE, here("old", "new"), Action(COMMIT, 7, "new")),
    "committed what another prepared": (LIVE, here("old", "else"), Action(CONVERGE, 7, "new")),
    "serves": (LIVE, here("new", None, 7, commit=at(DONE)), None),
    "committed in vain": (LIVE, here("old", None, 7, commit=at(FAILED)), None),
    "committed in vain, later": (LIVE, here("old", None, 7, commit=at(FAILED, 20)), Action(CONVERGE, 7, "new")),
    "interrupted as it flipped, before": (LIVE, here("old", "new", 7, commit=at(BEGUN)), Action(CONVERGE, 7, "new")),
    "interrupted as it flipped, after": (LIVE, here("new", None, 7, commit=at(BEGUN)), Action(COMMIT, 7, "new")),
    "aborted": (IDLE, here("old", "new"), Action(ABORT, 7)),
    "aborted where nothing was prepared": (IDLE, here("old"), Action(ABORT, 7)),
    "aborted, done": (IDLE, here("old", None, 7, abort=at(DONE)), None),
    "abort failed": (IDLE, here("old", "new", 7, abort=at(FAILED)), None),
    "abort failed, later": (IDLE, here("old", "new", 7, abort=at(FAILED, 20)), Action(ABORT, 7)),
    "nothing is to serve any more": (DesiredState(7), here("old"), Action(ABORT, 7)),
    "back to the old one": (IDLE, here("new"), Action(CONVERGE, 7, "old")),
    "fell behind, tried often": (LIVE, here("old", None, 7, converge=at(FAILED, 60, tries=5)), None),
    "the clock began anew": (LIVE, here("old", None, 7, converge=at(FAILED, -500, tries=5)), Action(CONVERGE, 7, "new")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_decisions(case: str) -> None:
    wanted, found, action = CASES[case]
    assert decide(wanted, found, NOW) == action


def test_pauses_grow_to_a_limit_and_differ_between_hosts() -> None:
    assert pause(0, "a") == 0
    assert [pause(tries, "a") < pause(tries + 2, "a") for tries in (1, 2, 3, 4)] == [True] * 4
    assert max(pause(tries, f"host{number}") for tries in range(60) for number in range(20)) <= 750
    assert len({pause(3, f"host{number}") for number in range(20)}) > 10


class Rollouts(RuleBasedStateMachine):
    """One host, a store that anything may be written to, actions that end well, badly or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted, self.here, self.now = DesiredState(0), Here("web"), 100.0
        self.idle: str | None = None
        self.ever: set[str | None] = {None}
        self.done: list[tuple[int, str]] = []

    @rule(candidate=st.sampled_from("abc"), elected=st.sampled_from(["web", "other", None]))
    def propose(self, candidate: str, elected: str | None) -> None:
        self.wanted = DesiredState(self.wanted.generation + 1, self.wanted.live, candidate, elected)

    @precondition(lambda self: self.wanted.candidate)
    @rule()
    def commit(self) -> None:
        self.wanted = DesiredState(self.wanted.generation + 1, self.wanted.candidate)
        self.ever.add(self.wanted.live)

    @rule(back=st.booleans())
    def abort(self, back: bool) -> None:
        live = min(self.ever - {None}, key=str) if back and self.ever != {None} else self.wanted.live
        self.wanted = DesiredState(self.wanted.generation + 1, live)

    @rule(seconds=st.sampled_from([1, SILENCE]))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def reboot(self) -> None:
        """What `Attempts` finds then: the idle side is gone, what is left was long ago."""
        kept = {kind: replace(one, at=-1e9) for kind, one in self.here.attempts.items() if kind != PREPARE}
        self.idle, self.here, self.now = None, replace(self.here, attempts=kept, ready=None), 1.0
        self.done = [(generation, kind) for generation, kind in self.done if kind != PREPARE]

    @rule(ending=st.sampled_from([DONE, DONE, FAILED, "cut before", "cut after"]))
    def act(self, ending: str) -> None:
        action = decide(self.wanted, self.here, self.now)
        if action is None:
            return
        assert (action.generation, action.kind) not in self.done, "done again what was done"
        tries = self.here.attempts[action.kind].tries if self._tried(action) else 0
        if ending in (DONE, "cut after"):
            self._perform(action)
        elif action.kind in (PREPARE, CONVERGE, COMMIT) and ending == FAILED:
            self.idle = None
        state = ending if ending in (DONE, FAILED) else BEGUN
        self._note(action, Attempt(state, tries + 1, self.now))
        if state == DONE:
            self.done.append((action.generation, action.kind))

    @rule(times=st.integers(1, 3))
    def act_well(self, times: int) -> None:
        for _ in range(times):
            self.act(DONE)

    def _tried(self, action: Action) -> bool:
        return self.here.generation == action.generation and action.kind in self.here.attempts

    def _perform(self, action: Action) -> None:
        if action.kind == PREPARE:
            self.idle = action.release if action.release != self.here.live else None
        elif action.kind == ABORT:
            self.idle = None
        else:
            if action.kind == COMMIT:
                assert action.release in (self.idle, self.here.live), "flips to what doesn't stand ready"
            self.idle, self.here = None, replace(self.here, live=action.release)

    def _note(self, action: Action, attempt: Attempt) -> None:
        before = self.here.attempts if self.here.generation == action.generation else {}
        whole = action.kind == PREPARE and attempt.state == DONE
        self.here = replace(
            self.here, generation=action.generation, attempts={**before, action.kind: attempt}, ready=self.idle if whole else None
        )

    @invariant()
    def serves_only_what_was_live(self) -> None:
        assert self.here.live in self.ever

    def teardown(self) -> None:
        """From wherever it is: when all goes well from here on, it comes to rest where it should."""
        for _ in range(40):
            action = decide(self.wanted, self.here, self.now)
            if action:
                self._perform(action)
                self._note(action, Attempt(DONE, 1, self.now))
            self.now += 100
        if not self.wanted.candidate:
            assert decide(self.wanted, self.here, self.now) is None
            assert self.idle is None
        if self.wanted.live:
            assert self.here.live == self.wanted.live


Rollouts.TestCase.settings = settings(max_examples=examples(300), stateful_step_count=20, deadline=None)
TestRollouts = Rollouts.TestCase
