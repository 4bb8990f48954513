"""Template tags and filters: how a number, a time, a status and a value look to a person.

Everything returned as safe HTML is built here from names we own; what a model wrote is returned as plain text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tasks_app.web.snapshots import KINDS

register = template.Library()

LONG_TEXT = 400  # characters; a longer value of a result stands under its name, not beside it


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """The symbol `i-<name>` of parts/icons.html, unseen by screen readers: a word stands beside it."""
    return format_html('<svg class="i {}" aria-hidden="true"><use href="#i-{}"/></svg>', extra or name, name)


@register.filter
def kind(status: str) -> str:
    """The shape and colour of a status."""
    return KINDS.get(status, ("todo", ""))[0]


@register.filter
def word(status: str) -> str:
    """A status, for people."""
    return KINDS.get(status, ("", status))[1]


@register.filter
def clock(seconds: float | None) -> str:
    """`0:07`, `12:41`, `3:00:12`; a dash where nothing is known."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def about(seconds: float) -> str:
    """`40 s`, `6 min`, `2 h 5 min`: as exact as an estimate deserves."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 10 else f"{hours} h"


@register.filter
def short(number: float) -> str:
    """`412`, `9.8 k`, `1.24 M`: three figures and a unit."""
    if number < 1000:
        return f"{number:.3g}"
    value, unit = next(
        (number / size, unit)
        for size, unit in ((1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"))
        if number < 999.5 * size or unit == "T"
    )
    return f"{value:.3g} {unit}"


@register.filter
def exact(number: int) -> str:
    """`5,000`."""
    return f"{number:,}"


@register.filter
def usd(cost: Decimal | float | None) -> str:
    """`$1.84`, `$0.0031`; two figures at least are told of an amount that is not nothing."""
    if cost is None:
        return ""
    value = Decimal(cost)
    if value == 0 or abs(value) >= Decimal("0.1"):
        return f"${value:,.2f}"
    return "$" + format(Decimal(f"{value:.2g}"), "f")


@register.filter
def pretty(value: Any) -> str:
    """A JSON value as indented text, its keys in the order they came; a JSON text is parsed first."""
    text = value if isinstance(value, str) else None
    if text is not None:
        try:
            value = json.loads(text)
        except ValueError:
            return text
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def one_line(value: str) -> str:
    """A text or JSON value as the start of one line."""
    return " ".join(str(value).split())[:200]


class Entry(NamedTuple):
    """One named value of a result. Just one of `text`, `items` and `code` is filled."""

    name: str
    text: str
    items: tuple[str, ...]
    code: str

    @property
    def long(self) -> bool:
        """Whether it needs the full width."""
        return bool(self.code or self.items) or len(self.text) > LONG_TEXT or "\n" in self.text


@register.filter
def entries(value: Any) -> tuple[Entry, ...]:
    """A result, readable: an entry a key of an object; one without a name for anything else."""
    if isinstance(value, Mapping):
        return tuple(_entry(str(name).replace("_", " "), one) for name, one in value.items())
    return (_entry("", value),)


def _entry(name: str, value: Any) -> Entry:
    if isinstance(value, str):
        return Entry(name, value, (), "")
    if isinstance(value, list | tuple) and value and all(_plain(one) for one in value):
        return Entry(name, "", tuple(_say(one) for one in value), "")
    if _plain(value) or value in ([], {}):
        return Entry(name, _say(value), (), "")
    return Entry(name, "", (), pretty(value))


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _say(value: Any) -> str:
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
