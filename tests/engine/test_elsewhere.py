"""Whether this engine may say that it destroyed a stack: by what it holds of it, and by what the program asks for."""

from types import SimpleNamespace
from typing import Any

import pytest

from components.errors import SlipwayError
from ops.stack.engines import elsewhere
from ops.stack.project import load_project, load_stack
from ops.stack.workplace import Workplace

TARGET = "pulumi.export('target', 'here')\n"
HERE = f"Thing('a')\n{TARGET}"
THERE = f"pulumi.CustomResource('aws:s3/bucket:Bucket', 'bag', {{}})\n{TARGET}"
BROKEN = "raise pulumi.RunError('no')\n"


def names(sandbox, target="here"):
    project = load_project(sandbox.folder)
    settings: Any = SimpleNamespace(target=target)
    nothing: Any = None
    return [one.name for one in elsewhere(Workplace(project, load_stack(project, "dev", sealed=True), settings, nothing, nothing))]


def test_a_stack_of_this_engine_is_its_own_whether_its_program_runs_or_not(sandbox):
    assert names(sandbox.program(HERE)) == []
    assert sandbox.engine().up().ok
    assert names(sandbox.program(BROKEN)) == []
    assert names(sandbox, "another") == []


def test_a_stack_of_a_provider_is_not_even_after_this_engine_had_another_one_of_that_name(sandbox):
    assert names(sandbox.program(THERE)) == ["bag"]
    assert sandbox.program(HERE).engine().up().ok
    assert names(sandbox.program(THERE), "there") == ["bag"]
    assert sandbox.engine().destroy().ok
    assert names(sandbox.program(THERE)) == ["bag"]


def test_nothing_is_said_of_a_stack_that_nobody_knows_anything_of(sandbox):
    with pytest.raises(SlipwayError, match=r"^no$"):
        names(sandbox.program(BROKEN))
