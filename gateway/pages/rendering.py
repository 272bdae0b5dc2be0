"""Renders templates: everything is escaped, nothing is marked as safe but what this package makes itself."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from erc.gateway.auth import Action, Answer, Principal, authorise
from erc.gateway.client.terminal import one_line, plain
from erc.gateway.routes.asking import services_of

TEMPLATES = Path(__file__).parents[1] / "templates"

_UNITS = ("KiB", "MiB", "GiB", "TiB")
_MINUTE, _HOUR = 60, 3600


def human_size(size_bytes: int) -> str:
    """Return a size for people: `1 byte`, `812 bytes`, `3.4 MiB`."""
    if size_bytes < 1024:
        return "1 byte" if size_bytes == 1 else f"{size_bytes} bytes"
    power = 1
    while power < len(_UNITS) and size_bytes / 1024**power >= 1023.95:
        power += 1
    return f"{size_bytes / 1024**power:.1f}".removesuffix(".0") + f" {_UNITS[power - 1]}"


def human_duration(seconds: float) -> str:
    """Return a duration for people: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def moment(value: datetime) -> Markup:
    """Return a `<time>` to the minute, in UTC."""
    return _time(value, f"{value.day} {value:%B %Y, %H:%M} UTC")


def clock(value: datetime) -> Markup:
    """Return a `<time>` of the day to the second, in UTC."""
    return _time(value, f"{value:%H:%M:%S}")


def _time(value: datetime, text: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(timespec="seconds"), text)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "size": human_size,
        "duration": human_duration,
        "moment": moment,
        "clock": clock,
        "plain": plain,
        "line": one_line,
        "path": quote,
        "count": lambda number: f"{number:,}",
    }
    return environment


_TEMPLATES = _environment()


def render(request: Request, template: str, principal: Principal, status: int = 200, **values: Any) -> Response:
    """Return a page; `values` are what its template names."""
    shown = {"principal": principal, "words": "", "here": request.url.path, **_entrance(request, principal), **values}
    text = _TEMPLATES.get_template(template).render(shown)
    return HTMLResponse(text, status, {"Vary": "Cookie, Accept"})


def _entrance(request: Request, principal: Principal) -> dict[str, bool]:
    """Return what the head of every page offers: to sign in, and the users to those who may set levels."""
    signing_in = bool(services_of(request).settings.identity.providers)
    sets_levels = authorise(principal, Action.SET_LEVEL, None) is Answer.ALLOWED
    return {"signing_in": signing_in, "sets_levels": sets_levels}
