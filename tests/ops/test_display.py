"""Words for times and sizes; streams that may close; terminals of every kind."""

import io
import sys
import time

import pytest

from ops.display import tables
from ops.display.changes import short_type
from ops.display.progress import shown


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (52_000_000, "52.0 MB"), (5e9, "5.0 GB"), (None, "-")]
)
def test_sizes(value, text):
    assert tables.size(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (125, "2 min")])
def test_durations(value, text):
    assert tables.duration(value) == text


@pytest.mark.parametrize(("ago", "text"), [(130, "2 min"), (7300, "2 h"), (3 * 86400, "3 days")])
def test_ages(ago, text):
    assert tables.age(time.time() - ago) == text


def test_an_unknown_age_is_a_dash():
    assert (tables.age(None), tables.duration(None)) == ("-", "-")


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("stream", [None, Broken()])
def test_a_closed_stream_falls_silent(stream):
    tolerant = tables.Tolerant(stream)
    assert tolerant.write("text") == 4
    tolerant.flush()
    assert tolerant.gone
    assert not tolerant.isatty()


def test_a_stream_that_cannot_spell_a_letter_gets_a_question_mark():
    raw = io.BytesIO()
    tolerant = tables.Tolerant(io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    tolerant.write("a → b")
    assert raw.getvalue() == b"a ? b"


def test_brackets_in_a_users_words_are_no_markup(capsys):
    tables.line("[bold]x[/nope]")
    assert capsys.readouterr().out == "[bold]x[/nope]\n"


def test_a_pipe_gets_whole_lines(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    tables.line("word " * 100)
    tables.line(tables.table(["a"], [["x" * 150]]))
    out = capsys.readouterr().out.splitlines()
    assert [len(text.rstrip()) for text in out] == [499, 1, 150]


@pytest.mark.parametrize(
    ("token", "text"),
    [("pulumi-python:dynamic/components.providers:Host", "Host"), ("aws:ec2/instance:Instance", "Instance")],
)
def test_short_types(token, text):
    assert short_type(token) == text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("term", "colour", "moving"), [("xterm", None, True), ("dumb", None, False), ("xterm", "1", True)])
def test_terminals(monkeypatch, term, colour, moving):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if colour:
        monkeypatch.setenv("NO_COLOR", colour)
    from components.hosts.progress import HostStep

    with shown() as progress:
        progress.host(HostStep("local", "venv", "start"))
        time.sleep(0.3)
        progress.host(HostStep("local", "venv", "done", 1.0))
    written = terminal.getvalue()
    assert ("\x1b[?25l" in written) == moving
    assert ("\x1b[32m" in written) == (term != "dumb" and not colour)
    assert "local: venv" in written
