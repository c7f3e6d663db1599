"""Words to systemd: that this service is up, and that it still is."""

from __future__ import annotations

import os
import socket


def tell(words: str) -> None:
    """Sends `READY=1`, `WATCHDOG=1` or the like; nothing to do where systemd didn't start this."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect("\0" + address[1:] if address.startswith("@") else address)
        sender.send(words.encode())
