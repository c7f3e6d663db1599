"""One run at a time on a stack."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cloud_init.host.base import lock
from cloud_init.host.base.outcome import Locked
from components.errors import LockedError, SlipwayError

_WAIT = 900  # seconds


@contextmanager
def held(path: Path, command: str, say: Callable[[str], None], wait: float = _WAIT) -> Iterator[None]:
    """Holds the stack's lock; waits for another run and says for whom. Raises `LockedError` after `wait` seconds."""
    with ExitStack() as stack:
        try:
            stack.enter_context(lock.held(path, command, wait, say))
        except Locked as error:
            raise LockedError(str(error)) from None
        except OSError as error:
            raise SlipwayError(f"{path.parent}: can't be written ({error.strerror}); Slipway keeps its state there") from None
        yield
