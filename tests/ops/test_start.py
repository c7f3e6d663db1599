"""How a command starts: what it imports, and what a signal or a broken module comes to meanwhile."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIGHT = ["version", "no-such-command"]
HEAVY = {"pulumi", "grpc", "components.settings", "ops.engine", "ops.stack.workplace"}
LOADED = """
import runpy, sys
sys.argv[1:] = [WORD]
try:
    runpy.run_module("ops", run_name="__main__")
finally:
    print("loaded", *sys.modules, file=sys.stderr)
"""
RAISING = """
import runpy, sys
class Finder:
    def find_spec(name, *_):
        if name == MODULE:
            raise ERROR
sys.meta_path.insert(0, Finder)
sys.argv[1:] = WORDS
runpy.run_module("ops", run_name="__main__")
"""


def run(program: str, folder: Path, **values: str) -> subprocess.CompletedProcess[str]:
    for name, value in values.items():
        program = program.replace(name, value)
    variables = {name: value for name, value in os.environ.items() if name != "SLIPWAY_STACK"} | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", program], cwd=folder, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("word", LIGHT)
def test_what_needs_no_stack_imports_neither_the_sdk_nor_the_settings(word):
    loaded = run(LOADED, ROOT, WORD=repr(word)).stderr.splitlines()[-1].split()
    assert loaded[0] == "loaded"
    assert sorted(HEAVY & {*loaded}) == []


@pytest.mark.parametrize(
    ("module", "words", "stack"),
    [
        ("ops.cli", ["status"], ""),
        ("typer", ["status"], ""),
        ("ops.commands.app", ["status"], " -s dev"),
        ("components.deployment", ["-s", "prod", "status"], " -s prod"),
        ("ops.commands.stack", ["-s", "prod", "config", "set", "a", "b"], " -s prod"),
    ],
)
def test_a_signal_while_it_imports_is_told_as_any_other(tmp_path, module, words, stack):
    done = run(RAISING, tmp_path, MODULE=repr(module), ERROR="KeyboardInterrupt", WORDS=repr(words))
    said = f"slipway: interrupted; what serves: ./slipway{stack} status; the next run finishes or undoes the rest\n"
    assert (done.returncode, done.stderr) == (130, said)


def test_a_command_whose_module_can_not_be_imported_is_told_in_one_line(tmp_path):
    done = run(RAISING, tmp_path, MODULE="'ops.commands.app'", ERROR="ImportError('no such thing')", WORDS="['-s', 'start', 'status']")
    said = "slipway: internal error: ImportError: no such thing (details in .slipway/start/crash.log)\n"
    assert (done.returncode, done.stderr) == (1, said)
    assert "Traceback" in (tmp_path / ".slipway/start/crash.log").read_text()
