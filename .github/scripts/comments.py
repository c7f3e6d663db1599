"""One comment of ours on a pull request."""

from typing import Any

from github_api import BOT, GitHub


def marker(about: str) -> str:
    """A comment's first line, by which it is found again. Nobody sees it."""
    return f"<!-- slipway: {about} -->"


def is_ours(item: dict[str, Any], about: str) -> bool:
    """Anybody can write the marker, so the author counts too."""
    body = item.get("body") or ""
    return bool((item.get("user") or {}).get("login") == BOT and body.partition("\n")[0].rstrip("\r") == marker(about))


def put(hub: GitHub, number: int, about: str, text: str, make: bool = True) -> None:
    """Makes the comment, or updates the one that is there."""
    body = f"{marker(about)}\n{text}"
    there = next((one for one in hub.pages(f"/issues/{number}/comments") if is_ours(one, about)), None)
    if there:
        if there["body"] != body:
            hub.send("PATCH", f"/issues/comments/{int(there['id'])}", {"body": body})
    elif make:
        hub.send("POST", f"/issues/{number}/comments", {"body": body})
