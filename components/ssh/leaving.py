"""Taking Slipway off a server; its data stays."""

from collections.abc import Mapping
from typing import Any

from components.hosts import progress
from components.hosts.transports.ssh import SshTransport
from components.ssh.connection import Lost


def leave(facts: Mapping[str, Any]) -> None:
    """One that doesn't answer may be gone for good: it is left as it is, and that is told."""
    host = SshTransport(facts)
    try:
        host.to.open(20.0)
    except Lost as lost:
        text = f"left as it is: {lost}. If it comes back, run there: sudo python3 /opt/slipway/host.pyz leave"
        progress.report(host.host, "", "note", text=text)
        return
    host.remove(keep_data=True)
