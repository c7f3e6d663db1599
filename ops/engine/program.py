"""Runs a stack's program in this process, against any object that answers as a resource monitor."""

import asyncio
import gc
import json
import logging
import re
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import Settings, configure, run_in_stack, set_all_config

from components.errors import one_line
from ops.engine.monitor import BaseMonitor
from ops.stack.project import Project, Stack

_THREADS = 16
_OF_THE_CLI = re.compile(r"^The Pulumi CLI does not support (?:the )?([\w ]+)\. Please update the Pulumi CLI\.$")
"""What the SDK says where a monitor doesn't offer something; there is no CLI to be updated."""


@dataclass(frozen=True)
class Program:
    """`__main__.py` of a project folder with one stack's config; `dry`: outputs may be unknown."""

    project: Project
    stack: Stack
    dry: bool

    def run(self, monitor: BaseMonitor) -> str | None:
        """Runs it in a context of its own; gives one block of text on why it failed, or None.

        `monitor` also answers what the SDK asks of an engine: to log."""
        try:
            copy_context().run(self._run, monitor)
        except pulumi.RunError as error:
            return monitor.failure or str(error)
        except SystemExit as error:
            return monitor.failure or (f"the program ended itself: sys.exit({error.code!r}); mend the program" if error.code else None)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  the program is the user's
            return monitor.failure or _unforeseen(error, self.project.folder)
        return monitor.failure

    def _run(self, monitor: Any) -> None:
        folder = str(self.project.folder)
        # As Pulumi hands it over: objects as JSON, what YAML takes for a date as text.
        config = {key: str(one) if isinstance(one, str | date) else json.dumps(one, default=str) for key, one in self.stack.config.items()}
        set_all_config(config, list(self.stack.secret_keys))
        configure(
            Settings(
                project=self.project.name,
                stack=self.stack.name,
                monitor=monitor,
                engine=monitor,
                dry_run=self.dry,
                organization="organization",
                root_directory=folder,
            )
        )
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # unfinished futures of a failed run are no news
        if folder not in sys.path:
            sys.path.insert(0, folder)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        # Every thread of the SDK's executor waits in a registration: its default could deadlock.
        executor = ThreadPoolExecutor(_THREADS)
        loop.set_default_executor(executor)
        if self.dry:  # it ends soon, and a cloud's SDK is classes by the ten thousand, in which no garbage is found
            gc.disable()
        program: Any = partial(runpy.run_path, f"{folder}/__main__.py", run_name="__main__")
        try:
            loop.run_until_complete(run_in_stack(program))
        finally:
            gc.enable()
            executor.shutdown(wait=True)
            loop.close()
            asyncio.set_event_loop(None)


def _unforeseen(error: BaseException, folder: Path) -> str:
    """The error and the last place in the program's own code that it went through."""
    went = ((Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__))
    own = [(file, line) for file, line in went if file.is_relative_to(folder) and not {".venv", "site-packages"} & {*file.parts}]
    where = f" ({own[-1][0].relative_to(folder)}:{own[-1][1]})" if own else ""
    if missing := _OF_THE_CLI.search(str(error)):
        return f"{missing[1]} can't be had without the Pulumi CLI{where}; use `pulumi preview` and `pulumi up`"
    return f"{one_line(' '.join(f'{type(error).__name__}: {error}'.split()), None)}{where}; mend the program"
