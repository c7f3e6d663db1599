"""One copy of the project for the tests of a module; a test that changes it takes a fresh one."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from project_copy import Copy


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """As it was committed: for reading."""
    return Copy(tmp_path_factory.mktemp("plan") / "project")


@pytest.fixture
def changing(project: Copy) -> Iterator[Copy]:
    """To be changed; put back afterwards."""
    yield project
    project.git("reset", "-q", "--hard")
    project.git("clean", "-qfd")
