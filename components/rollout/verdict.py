"""What is said of a release that was refused, wherever it was to go."""

from collections.abc import Sequence

from cloud_init.host.contracts.rollout import Outcome
from components.deployment.answers import Verdict
from components.hosts.names import short

GOING_BACK = "going back to"
"""How the step begins that failed where what served before couldn't be served again."""


def refused(release: str, failed: Sequence[Outcome], live: str | None) -> Verdict:
    """The verdict on a release that isn't served; `live` is what serves, or should again."""
    stuck = any(str(one.step).startswith(GOING_BACK) for one in failed)
    serves = f"release {live} still serves" if live else "nothing serves yet"
    back = f"release {live}" if live else "nothing"
    serves = f"{GOING_BACK} {back} failed too, see `slipway status`" if stuck else serves
    message = "\n".join([f"release {release} was refused; {serves}", *map(_reason, failed)])
    return Verdict(False, message, release, live)


def _reason(outcome: Outcome) -> str:
    where = f"{short(outcome.host or 'a host')}, {outcome.step or 'start'}"
    lines = [f"{where}: {outcome.message or 'no reason given'}"]
    http = outcome.http
    if http and http.status and str(http.status) not in lines[0]:
        lines.append(f"  answered {http.status}: {http.body}")
    lines += ["  | " + line for line in outcome.log]
    return "\n".join(lines)
