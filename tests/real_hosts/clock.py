"""A wrong clock for one host: libfaketime under every service of it, because all hosts here share one kernel's clock."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .machine import Machine

_PLACE = "/etc/systemd/system.conf.d/clock.conf"
_CLOCK = "[Manager]\nDefaultEnvironment=LD_PRELOAD={library} FAKETIME={seconds:+d} FAKETIME_DONT_FAKE_MONOTONIC=1\n"


def set_clock(machine: "Machine", seconds: int) -> None:
    """Services started after this have that clock; pauses and time-outs (the monotonic clock) stay right."""
    if seconds:
        library = machine.shell("ls /usr/lib/*/faketime/libfaketime.so.1").strip()
        machine.write(_PLACE, _CLOCK.format(library=library, seconds=seconds))
    else:
        machine.run(["rm", "-f", _PLACE])
    machine.run(["systemctl", "daemon-reexec"])
