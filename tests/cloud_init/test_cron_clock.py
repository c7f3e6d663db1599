"""The scheduler of app.cron: when a job starts, with a clock of the tests' own; what becomes of a run, with real processes."""

import importlib.util
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

TEMPLATE = Path(__file__).parents[2] / "cloud_init/templates/release/cron.py"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def cron() -> ModuleType:
    spec = importlib.util.spec_from_file_location("slipway_cron", TEMPLATE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def at(text: str, zone: Any = UTC) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


class Clock:
    """Time passes while somebody waits. `jumps`: what the clock is set to when it comes to a time."""

    def __init__(self, start: float, until: float, jumps: dict[float, float] | None = None) -> None:
        self.time, self.until, self.jumps = start, until, jumps or {}

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> bool:
        self.time += max(seconds, 0.01)
        for moment in [moment for moment in self.jumps if moment <= self.time]:
            self.time = self.jumps.pop(moment)
        return self.time >= self.until and not self.jumps


class Started:
    """Schedules run by a clock; what was started when, in UTC."""

    def __init__(self, cron: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cron, self.folder, self.found = cron, folder, list[str]()
        self.clock = Clock(0, 0)
        monkeypatch.setattr(cron.Job, "start", lambda job: self.found.append(f"{datetime.fromtimestamp(self.clock.now(), UTC):%d %H:%M}"))

    def run(self, schedule: str, clock: Clock, zone: Any = UTC, looked: float | None = None) -> list[str]:
        self.clock = clock
        self.found.clear()
        if looked is not None:
            self.folder.mkdir(exist_ok=True)
            (self.folder / "job").touch()
            os.utime(self.folder / "job", (looked, looked))
        self.cron.Scheduler({"job": {"schedule": schedule, "command": ":"}}, self.folder, clock.now, clock.wait, zone).run()
        return list(self.found)


@pytest.fixture
def started(cron: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Started:
    return Started(cron, tmp_path / "cron", monkeypatch)


def test_each_minute_once(started: Started) -> None:
    clock = Clock(at("2026-05-04 12:00:30"), at("2026-05-04 12:03:30"))
    assert started.run("* * * * *", clock) == ["04 12:01", "04 12:02", "04 12:03"]
    assert started.run("0 3 * * 1-5", Clock(at("2026-05-08 00:00"), at("2026-05-12 00:00"))) == ["08 03:00", "11 03:00"]


def test_a_clock_that_changes_to_summer_and_back(started: Started) -> None:
    """As Debian's cron: a time that isn't there is made up for, one that is there twice counts once; what is hourly goes on."""
    spring = (at("2026-03-28 12:00", BERLIN), at("2026-03-29 12:00", BERLIN))
    assert started.run("30 2 * * *", Clock(*spring), BERLIN) == ["29 01:00"]
    assert started.run("*/30 1-3 * * *", Clock(*spring), BERLIN) == ["29 00:00", "29 00:30", "29 01:00", "29 01:30"]
    autumn = (at("2026-10-24 12:00", BERLIN), at("2026-10-25 12:00", BERLIN))
    assert started.run("30 2 * * *", Clock(*autumn), BERLIN) == ["25 00:30"]
    assert started.run("*/30 2 * * *", Clock(*autumn), BERLIN) == ["25 00:00", "25 00:30", "25 01:00", "25 01:30"]


def test_a_machine_that_slept(started: Started, capfd: pytest.CaptureFixture[str]) -> None:
    asleep = {at("2026-05-04 12:10:10"): at("2026-05-04 12:40:10")}
    clock = Clock(at("2026-05-04 12:09:30"), at("2026-05-04 12:41:30"), asleep)
    assert started.run("* * * * *", clock) == ["04 12:10", "04 12:40", "04 12:41"]
    assert "job | was due 0:29:" in capfd.readouterr().out
    asleep = {at("2026-05-05 01:00"): at("2026-05-05 08:00")}
    assert started.run("0 3 * * *", Clock(at("2026-05-04 12:00"), at("2026-05-06 12:00"), asleep)) == ["06 03:00"]
    assert "job | was due 5:00:00 ago, left out" in capfd.readouterr().out


def test_a_clock_that_is_set(started: Started, capfd: pytest.CaptureFixture[str]) -> None:
    back = {at("2026-05-04 03:30"): at("2026-05-04 02:50")}
    assert started.run("0 3 * * *", Clock(at("2026-05-04 00:00"), at("2026-05-04 04:00"), back)) == ["04 03:00"]
    wrong = {at("2026-05-04 03:30"): at("2026-05-01 02:50")}
    assert started.run("0 3 * * *", Clock(at("2026-05-04 00:00"), at("2026-05-01 04:00"), wrong)) == ["04 03:00", "01 03:00"]
    assert "cron | the clock was set back" in capfd.readouterr().out


def test_from_one_scheduler_to_the_next(started: Started) -> None:
    """Due while a release changed hands: started once; looked at already: not again; long ago: not at all."""
    clock = ("2026-05-04 03:00:20", "2026-05-04 03:10")
    for looked, found in (("2026-05-04 02:59:55", ["04 03:00"]), ("2026-05-04 03:00:01", []), ("2026-05-03 02:00", [])):
        assert started.run("0 3 * * *", Clock(at(clock[0]), at(clock[1])), looked=at(looked)) == found


class Real:
    """Jobs that are started by hand."""

    def __init__(self, cron: Any, folder: Path, output: Path) -> None:
        self.cron, self.folder, self.output = cron, folder, output

    def scheduler(self, **commands: str) -> Any:
        """Standard output is a file from here on, until pytest takes it back: what it captures it empties as it is read, and so loses."""
        with self.output.open("ab") as file:
            os.dup2(file.fileno(), 1)
        jobs = {name: {"schedule": "0 0 1 1 *", "command": command} for name, command in commands.items()}
        return self.cron.Scheduler(jobs, self.folder, time.time, lambda _: True, UTC)

    def wait(self, wanted: Callable[[str], bool] | str) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            said = self.output.read_text(encoding="utf-8")
            if wanted in said if isinstance(wanted, str) else wanted(said):
                return said
            time.sleep(0.02)
        raise AssertionError(said)


@pytest.fixture
def real(cron: ModuleType, tmp_path: Path) -> Real:
    return Real(cron, tmp_path / "cron", tmp_path / "said")


def test_what_a_run_says_and_how_it_ended(real: Real) -> None:
    scheduler = real.scheduler(
        good="echo a; printf b",
        bad="echo c >&2; exit 3",
        ended="kill -9 $$",
        huge="head -c 9000 /dev/zero | tr '\\0' x",
        pipe="(exit 4) | true",
        enough="yes | true",
    )
    for job in scheduler.jobs:
        job.start()
    said = real.wait(lambda text: text.count(" after ") == 6)
    for line in ("good | started", "good | a", "good | b", "good | done after ", "bad | c", "bad | failed with exit code 3 after "):
        assert line in said
    assert "ended | was ended by SIGKILL after " in said
    assert "pipe | failed with exit code 4 after " in said
    assert "enough | done after " in said
    assert [len(line) for line in said.splitlines() if "xxx" in line] == [4007, 4007, 1007]
    assert not scheduler.running()


def test_one_run_at_a_time_also_for_the_next_scheduler(real: Real) -> None:
    first, second = (
        real.scheduler(job="read -r x < fifo; echo got $x".replace("fifo", str(real.folder / "fifo"))),
        real.scheduler(job="echo mine"),
    )
    os.mkfifo(real.folder / "fifo")
    first.jobs[0].start()
    first.jobs[0].start()
    second.jobs[0].start()  # as after the first one was killed
    assert real.wait(lambda text: text.count("still running") == 2).count("job | started") == 1
    (real.folder / "fifo").write_text("it\n")
    real.wait("job | got it\njob | done")
    second.jobs[0].start()
    real.wait("job | mine")


@pytest.mark.parametrize(("command", "ended"), [("sleep 0.3; echo whole", "done"), ("sleep 60 & sleep 60", "was ended by SIGTERM")])
def test_told_to_stop_it_waits_then_ends_the_whole_group(real: Real, command: str, ended: str) -> None:
    real.cron.GRACE = 5 if ended == "done" else 0.2
    scheduler = real.scheduler(job=command)
    scheduler.jobs[0].start()
    scheduler.run()
    said = real.wait(f"job | {ended} after")
    assert "cron | waits for job" in said
    assert ("job | whole" in said) == (ended == "done")


def test_who_does_not_listen_is_killed(real: Real) -> None:
    real.cron.GRACE, real.cron.LAST_WORDS = 0.3, 0.3
    scheduler = real.scheduler(job="trap '' TERM; echo deaf; while :; do sleep 0.05; done")
    scheduler.jobs[0].start()
    real.wait("job | deaf")
    scheduler.run()
    real.wait("job | was ended by SIGKILL after")
