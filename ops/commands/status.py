"""`status`: what serves, on every host."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from ops import call as calls
from ops import display, workplace

if TYPE_CHECKING:
    from components.transport import Transport

_PROBLEM = 70  # letters in the table; each host's part below has all of it


def status(context: typer.Context, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """Show which release serves, its processes, database and disk."""
    call = calls.of(context)
    work = workplace.enter(call)
    reach = work.day_two()
    answers = [_ask(host) for host in reach.hosts]
    if call.as_json:
        head = {"stack": call.stack, "target": work.settings.target, "url": reach.url}
        display.document({**head, "hosts": answers})
    else:
        display.line(f"{work.settings.app.name} on {work.settings.target}, stack {call.stack}: {reach.url}")
        if len(answers) > 1:
            display.table(["host", "role", "address", "live", "problems"], [_row(*pair) for pair in zip(reach.hosts, answers, strict=True)])
        for answer in answers:
            _show(answer)
    if not answers or not all(answer.get("ok") for answer in answers):
        raise typer.Exit(1)


def _ask(host: "Transport") -> dict[str, Any]:
    """One host that can't be reached doesn't hide the others."""
    from components.errors import SlipwayError

    try:
        return {"host": host.host, **host.run(["status"])}
    except SlipwayError as error:
        return {"host": host.host, "ok": False, "message": str(error)}


def _row(host: "Transport", answer: Mapping[str, Any]) -> list[str]:
    problems = [*(answer.get("problems") or []), *([] if answer.get("ok") else [answer.get("message") or "gives no answer"])]
    live = (answer.get("live") or {}).get("release") or "-"
    return [display.host(host.host), host.role, host.address, str(live), _first(problems)]


def _first(problems: Sequence[Any]) -> str:
    """The first of them, on one line, and how many more there are."""
    if not problems:
        return "-"
    text = " ".join(str(problems[0]).split())
    more = f" (and {len(problems) - 1} more)" if problems[1:] else ""
    return (text if len(text) <= _PROBLEM else text[: _PROBLEM - 1] + "…") + more


def _show(answer: Mapping[str, Any]) -> None:
    display.line(f"\n{display.host(answer['host'])}")
    if not answer.get("ok"):
        display.line(f"  {answer.get('message') or 'gives no answer'}")
    for problem in answer.get("problems") or []:
        display.line(f"  problem   {problem}")
    for name, text in _facts(answer):
        display.line(f"  {name:<10}{text}")
    rows = [
        [f"  {one.get('name', '?')}", str(one.get("state", "?")), str(one.get("pid") or "-"),
         display.duration(one.get("uptime")), display.size(one.get("memory"))]
        for one in answer.get("processes") or []
    ]  # fmt: skip
    if rows:
        display.table(["  process", "state", "pid", "up for", "memory"], rows)


def _facts(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The lines above the processes; what the host doesn't tell is left out."""
    live = answer.get("live") or {}
    facts = [("live", _live(live) if live else "nothing is live")]
    if answer.get("candidate"):
        facts.append(("candidate", str(answer["candidate"])))
    for name in ("front", "database", "disk"):
        if answer.get(name):
            facts.append((name, _words(answer[name])))
    if answer.get("maintenance"):
        facts.append(("page", "the maintenance page is up"))
    if answer.get("restore"):
        facts.append(("restore", _restore(answer["restore"])))
    return facts


def _live(live: Mapping[str, Any]) -> str:
    since = f", for {display.age(live['since'])}" if live.get("since") else ""
    return f"release {live.get('release', '?')} ({live.get('colour', '?')}{since})"


def _restore(one: Mapping[str, Any]) -> str:
    if one.get("running"):
        return f"of backup {one['backup']}, under way ({one['phase']})"
    first = f"; what was there before is backup {one['first']}" if one.get("first") else ""
    return f"of backup {one['backup']} was interrupted ({one['phase']}): `./slipway up` finishes or undoes it, or restore another{first}"


def _words(value: Any) -> str:
    """`kind nginx, listen 127.0.0.1:8080`; bytes as sizes."""
    if not isinstance(value, Mapping):
        return str(value)
    return ", ".join(f"{key} {_word(key, one)}" for key, one in value.items() if one not in (None, ""))


def _word(key: str, value: Any) -> str:
    if isinstance(value, list):
        return ":".join(str(part) for part in value)
    is_size = isinstance(value, int) and not isinstance(value, bool) and value >= 1000 and key != "port"
    return display.size(value) if is_size else str(value)
