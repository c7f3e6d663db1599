"""Running the host tool while its steps are shown."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ops.call import Call
from ops.progress_display import Progress

if TYPE_CHECKING:
    from components.transport import Transport


def run_shown(call: Call, host: "Transport", arguments: Sequence[str]) -> dict[str, Any]:
    """The outcome; progress goes where it does not mix with `--json`."""
    from components import progress

    with Progress(stderr=call.as_json) as shown, progress.listen(shown.host):
        return host.run(arguments, lambda event: progress.tell(host.host, event))
