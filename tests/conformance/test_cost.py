"""A plan of any target is quick and small enough for every pull request: 3 s of processor time, 400 MB."""

import gc
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import cases
import pytest

from components.errors import SlipwayError

sys.path.insert(0, str(Path(__file__).parents[1] / "plan"))
from project_copy import Copy

EXAMPLES = {cases.read(path).target: path for path in reversed(cases.stack_files())}  # the first one of each target
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which all is compiled already, as it is after a first run."""
    copy = Copy(tmp_path_factory.mktemp("cost") / "project")
    for target, path in EXAMPLES.items():
        shutil.copy(path, copy.folder / f"Pulumi.{target}.yaml")
        copy.run("-s", target, "plan", before=("env",))
    return copy


def measured(project: Copy, target: str) -> tuple[float, float]:
    """Seconds of processor time, and kilobytes."""
    done = project.run("-s", target, "plan", before=(sys.executable, "-c", MEASURE))
    assert done.returncode == 0, done.stderr
    seconds, kilobytes = map(float, done.stdout.split())
    return seconds, kilobytes


@pytest.mark.parametrize("changes", [{}, {"slipway:target": "none"}], ids=["made", "refused"])
def test_no_garbage_is_looked_for_while_a_plan_is_made(changes):
    seen = []
    case = cases.read(EXAMPLES["local"]).with_(changes)
    gc.callbacks.append(watch := lambda phase, info: seen.append(phase))
    try:
        with suppress(SlipwayError):
            case.record()
    finally:
        gc.callbacks.remove(watch)
    assert (gc.isenabled(), len(seen) < 5) == (True, True)


@pytest.mark.cost
@pytest.mark.family("cost of a plan", case="local")
@pytest.mark.parametrize("target", EXAMPLES)
def test_time_and_memory(project, target):
    seconds, kilobytes = min(measured(project, target) for _ in range(3))  # what else runs here takes the cores' caches away
    assert seconds < 3
    assert kilobytes < 400_000
