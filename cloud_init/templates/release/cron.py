"""Starts the jobs in `cron.json` when they are due: run by the release's Python, in its sources.

A job that became due while nobody looked (a release changed hands, the machine slept) is started
once, up to an hour late. It runs once at a time, also over a change of the release: a run holds the
lock of the job's file, whose time says up to when somebody looked."""

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from cronsim import CronSim

FILES = Path(__file__).resolve().parent
GRACE = 30  # seconds that running jobs get when the scheduler is told to stop; the manager gives it 40
LAST_WORDS = 5  # seconds that are left to them after TERM
LOOK = 30  # seconds between two looks at the clock, at most: a machine that slept tells nobody
LATE = 60  # seconds after which a start is told as late
FORGOTTEN = 3600  # seconds after which what was missed is left out
BACK = 7200  # seconds that the clock may be set back; more is a clock that was wrong before
BASH = ["/bin/bash", "-o", "pipefail"]  # of a pipe any part may fail
LINE = 4000  # bytes of a job's line that are passed on together


def say(name, text):
    """One line into the process's log."""
    data = text if isinstance(text, bytes) else text.encode()
    os.write(1, name.encode() + b" | " + data.rstrip(b"\r\n") + b"\n")


def zone():
    """The zone of the clock: TZ, or the host's own."""
    name = os.environ.get("TZ", "").lstrip(":")
    path = Path(name) if name.startswith("/") else Path("/etc/localtime")
    if name and not name.startswith("/"):
        return ZoneInfo(name)
    if not path.is_file():
        return timezone.utc  # noqa: UP017  Python 3.9
    with path.open("rb") as file:
        return ZoneInfo.from_file(file)


class Job:
    """One job. `due`, its next start, is in seconds since 1970: zones turn their clocks."""

    def __init__(self, name, schedule, command, folder, moment):
        self.name, self.schedule, self.command, self.moment = name, schedule, command, moment
        self.file = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        self.process = self.thread = None
        self.due = None

    def look_from(self, start):
        """The next time after `start`."""
        self.due = next(CronSim(self.schedule, self.moment(start))).timestamp()

    def start(self):
        """Starts a run, unless one is under way: that holds the job's lock, handed on to its
        processes."""
        lock = os.open(f"/proc/self/fd/{self.file}", os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return say(self.name, "is still running, not started again")
        try:
            self.process = subprocess.Popen(
                [*(BASH if "|" in self.command and os.path.exists(BASH[0]) else ["/bin/sh"]), "-c", self.command],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                start_new_session=True, pass_fds=(lock,),
            )  # fmt: skip
        except OSError as error:  # no memory, too many processes: the next time may be better
            return say(self.name, f"can't be started: {error.strerror}")
        finally:
            os.close(lock)
        say(self.name, "started")
        self.thread = threading.Thread(target=self.follow, args=(self.process,), daemon=True)
        self.thread.start()

    def follow(self, process):
        """Passes on what a run says, and how it ended."""
        began = time.monotonic()
        for line in iter(lambda: process.stdout.readline(LINE), b""):
            say(self.name, line)
        code = process.wait()
        code = 0 if code == 141 else code  # what feeds a pipe whose reader has enough ends so
        process.stdout.close()
        took = f"after {time.monotonic() - began:.1f} s"
        ended = f"failed with exit code {code}" if code > 0 else f"was ended by {signal.Signals(-code).name}" if code else "done"
        say(self.name, f"{ended} {took}")


class Scheduler:
    """`now` gives seconds since 1970; `wait` waits so many, and is true when it is time to stop."""

    def __init__(self, jobs, folder, now, wait, where):
        self.now, self.wait = now, wait
        folder.mkdir(mode=0o700, exist_ok=True)
        self.jobs = [
            Job(name, job["schedule"], job["command"], folder, lambda at: datetime.fromtimestamp(at, where)) for name, job in jobs.items()
        ]
        self.last = now()
        for job in self.jobs:
            looked = os.fstat(job.file).st_mtime  # up to when somebody looked whether it is due
            job.look_from(looked if -BACK <= self.last - looked <= FORGOTTEN else self.last)

    def run(self):
        """Until it is time to stop; then waits for the jobs that run."""
        while not self.wait(min([LOOK, *(max(0.0, job.due - self.now()) for job in self.jobs)])):
            self.look()
        self.end()

    def look(self):
        """Starts what is due by now, each job once however often it was missed."""
        now = self.now()
        if now < self.last - BACK:
            say("cron", "the clock was set back")
            self.last = now
            for job in self.jobs:
                job.look_from(now)
        self.last = max(self.last, now)
        for job in self.jobs:
            os.utime(job.file, (self.last, self.last))  # before it starts: better missed than run twice
            if job.due > now:
                continue
            late = int(now - job.due)
            job.look_from(now)
            if late > LATE:
                say(job.name, f"was due {timedelta(seconds=late)} ago" + ", left out" * (late > FORGOTTEN))
            if late <= FORGOTTEN:
                job.start()

    def end(self):
        """Lets runs finish; ends those that take longer, with all their processes."""
        if self.running():
            say("cron", f"waits for {', '.join(job.name for job in self.running())}")
        for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, LAST_WORDS)):
            deadline = time.monotonic() + patience
            while self.running() and time.monotonic() < deadline:
                time.sleep(0.05)
            for job in self.running():
                with contextlib.suppress(ProcessLookupError):  # its last process has just ended
                    os.killpg(job.process.pid, number)
        for job in self.jobs:
            if job.thread:
                job.thread.join(1)

    def running(self):
        return [job for job in self.jobs if job.thread and job.thread.is_alive()]


def waiter():
    """A `wait` that TERM and INT end: a handler that only notes them could come just before it."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return lambda seconds: bool(select.select([reader], [], [], seconds)[0])


def main():
    """Until TERM."""
    jobs = json.loads((FILES / "cron.json").read_text(encoding="utf-8"))
    Scheduler(jobs, Path(os.environ["SLIPWAY_SHARED"]) / ".cron", time.time, waiter(), zone()).run()
    os._exit(0)  # a thread may still read from a process that left its job's group


if __name__ == "__main__":
    main()
