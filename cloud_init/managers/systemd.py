"""systemd units with the same programs that Supervisor has elsewhere: the colours, their extra processes, the front server."""

from cloud_init.host import fronts
from cloud_init.host_files import HostFile, WebHost
from cloud_init.managers import Machine
from cloud_init.templating import render
from cloud_init.templating import systemd as safe


def files(host: WebHost, machine: Machine) -> list[HostFile]:
    """Units and the rotation of their logs, by their path on the host.

    `slipway-APP@blue`, `slipway-APP-process@blue-worker` and `slipway-APP-front` are started by the host tool alone, but for the front.
    """
    front = fronts.module(host.front.kind)
    safe(machine.app)
    values = {"machine": machine, "stop": front.STOP, "reload": front.RELOAD}
    units = {
        f"slipway-{machine.app}@.service": render("systemd/colour.service.j2", **values),
        f"slipway-{machine.app}-process@.service": render("systemd/process.service.j2", **values),
        f"slipway-{machine.app}-front.service": render("systemd/front.service.j2", **values),
    }
    rotation = HostFile(f"etc/logrotate.d/slipway-{machine.app}", render("systemd/logrotate.j2", **values))
    return [rotation, *(HostFile(f"etc/systemd/system/{name}", content) for name, content in sorted(units.items()))]
