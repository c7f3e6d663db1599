"""How templates write moments, durations and addresses of static files."""

from datetime import UTC, datetime

from flask import Flask, current_app, url_for

STEPS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def init_app(app: Flask) -> None:
    app.add_template_filter(ago)
    app.add_template_filter(clock)
    app.add_template_global(asset)


def ago(moment: datetime) -> str:
    """`3 minutes ago`."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for unit, length in STEPS:
        count = int(seconds // length)
        if count >= 1:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def clock(seconds: int) -> str:
    """`1:02:03`, or `2:03` below an hour."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def asset(name: str) -> str:
    """A static file's address with the release: browsers keep the file and see the next one's."""
    return url_for("static", filename=name, release=current_app.config["RELEASE"])
