"""A restore over all hosts: web hosts have the page up while the database's host loads it."""

from collections.abc import Sequence

from components.deployment.answers import Restored
from components.deployment.running import run, run_all
from components.hosts.names import short
from components.hosts.site import Site
from components.hosts.transport import Transport


def restore(site: Site, backup: str, newer_schema: bool) -> Restored:
    """The outcome of the host with the database, or of the web host that stood in the way.

    Where this is cut off, the database host finishes by itself, and a web host is let go by
    whatever runs there next."""
    database = site.database_host
    others = [host for host in site.web if host is not database]
    command = ["restore", backup, *(["--newer-schema"] if newer_schema else [])]
    with site.store.lock(f"restore {backup}"):  # no rollout between the phases of another
        if not others:
            return run(Restored, database, *command)
        outcome = None
        try:
            held = _first_bad(run_all(Restored, others, "hold", backup))
            outcome = held or run(Restored, database, *command)
        finally:
            loose = _let_go(others, bool(outcome and outcome.ok and outcome.migrate))
        return _joined(outcome, loose)


def _let_go(hosts: Sequence[Transport], migrate: bool) -> Restored | None:
    """The apps run again, first the one that brings the schema up; the first that isn't well."""
    first = run(Restored, hosts[0], "let-go", "--migrate") if migrate else None
    if first and not first.ok:
        return first
    return _first_bad(run_all(Restored, hosts[1:] if migrate else hosts, "let-go"))


def _joined(outcome: Restored, loose: Restored | None) -> Restored:
    """What the database says counts; a web host that isn't well afterwards is a failure too."""
    if loose is None or not outcome.ok:
        return outcome
    before = f"what was there before is backup {outcome.first}"
    message = f"backup {outcome.backup} is loaded; {before}; but on {short(loose.host)}: {loose.message}"
    done = {"message": message, "backup": outcome.backup, "first": outcome.first}
    return loose.model_copy(update=done)


def _first_bad(outcomes: Sequence[Restored]) -> Restored | None:
    return next((outcome for outcome in outcomes if not outcome.ok), None)
