"""What a host tells can't write the operator's terminal: control characters are shown as what they are."""

import json

from cloud_init.host.contracts.rollout import Outcome
from components.hosts import transport
from components.hosts.progress import readable
from components.rollout.phases import pulled

HOSTILE = "\x1b]0;owned\x07 \x1b[2J\x9b31m\r ok"
SHOWN = "\\x1b]0;owned\\x07 \\x1b[2J\\x9b31m\\x0d ok"


def test_text_keeps_its_lines_and_letters() -> None:
    assert readable(HOSTILE) == SHOWN
    assert readable("Grüße,\n\tWorld ✓") == "Grüße,\n\tWorld ✓"


def test_events_and_outcomes() -> None:
    line = json.dumps({"event": "outcome", "message": HOSTILE, "log": [HOSTILE], "http": {"body": HOSTILE}})
    event = transport.outcome("web-1", [line], ["status"], None, lambda: ("", 0))
    assert (event["message"], event["log"], event["http"]) == (SHOWN, [SHOWN], {"body": SHOWN})
    told = pulled.written(Outcome, json.dumps({"ok": False, "message": HOSTILE, "log": [HOSTILE]}).encode())
    assert told is not None
    assert (told.message, told.log) == (SHOWN, (SHOWN,))
