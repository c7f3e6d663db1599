"""Boot data of a bare server: one script, alone or in a cloud-config; equal for equal `Boot`s."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from cloud_init.fleet import ROLES
from cloud_init.host import contracts, stores
from cloud_init.host.contracts.facts import Boot
from cloud_init.host_files import HostFileError
from cloud_init.templating import FOLDER, pinned, render, text


def script(boot: Boot) -> str:
    """A POSIX shell script for root on Debian or Ubuntu; it can be run again at any time.

    A server that is set up it leaves as it is, unless its argument is `again`.

    Raises `HostFileError` for an unknown role or kind of store."""
    if boot.role not in ROLES:
        raise HostFileError(f"role: wanted {' or '.join(ROLES)}, found {boot.role[:60]!r}")
    buckets, scheme = [path.stem for path in (FOLDER / "bootstrap/stores").glob("*.py")], urlsplit(boot.store).scheme
    if scheme not in ("file", *buckets):
        wanted = ", ".join(f"{name}://" for name in sorted(["file", *buckets]))
        raise HostFileError(f"store: wanted an address that starts with {wanted}, found {boot.store[:60]!r}")
    shared = Path(stores.__file__).with_name(f"{scheme}_access.py")
    access = shared.read_text(encoding="utf-8") if shared.is_file() else ""
    client, library = ("", "") if scheme == "file" else (text(f"bootstrap/stores/{scheme}.py"), pinned("store.txt"))
    return render(
        "bootstrap/bootstrap.sh.j2",
        owner=json.dumps(f"app {boot.app}, stack {boot.stack}, role {boot.role}")[1:-1],  # on one line, whatever is in it
        facts=json.dumps(contracts.document(boot), sort_keys=True),
        fetch=render("bootstrap/fetch.py.j2", client=access + client),
        bring_up=text("bootstrap/bring-up.sh"),
        unit=text("bootstrap/unit.service"),
        requirements="".join(f"{line}\n" for line in library.splitlines() if not line.startswith("#")),
    )


def cloud_config(boot: Boot) -> str:
    """The script as user data of a server with cloud-init."""
    return render("bootstrap/cloud-config.j2", script=script(boot))
