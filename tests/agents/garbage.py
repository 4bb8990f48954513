"""What programs give by mistake, and what refuses it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from tasks_app.errors import CruxError

Verb = Callable[..., Any]


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("it has no words")


def garbage() -> dict[str, Any]:
    """Values of the wrong kind or size, by a name for each; made anew, as some of them are used up."""
    circle: list[Any] = []
    circle.append(circle)
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    odd: list[Any] = [None, -1, 1.5, True, 10**30, math.nan, math.inf, Decimal("NaN"), uuid4(), object(), Mute()]
    odd += ["", " ", "a\x00b", "\ud800", "x" * 300_000, "a/../b\n\u2028😀", b"a"]
    odd += [[1], ["a", "zz"], [None], [["a"]], circle, deep, {"a"}, (key for key in ("a", "zz")), iter([1]), range(3)]
    odd += [{"a": 1}, {1: 2}, {(1, 2): 3}, ValueError("a"), print]
    odd += [datetime(2030, 1, 1), datetime.max.replace(tzinfo=UTC), date(2030, 1, 1)]
    return {f"{number} {type(value).__name__}": value for number, value in enumerate(odd)}


async def refused(verb: Verb, *args: Any, **kwargs: Any) -> str:
    """The words of the refusal; empty if it was taken. Whatever else is raised is raised."""
    try:
        made = verb(*args, **kwargs)
        if isinstance(made, Awaitable):
            await made
    except CruxError as error:
        words = str(error)
        assert len(words.encode()) < 1_000, "a message does not repeat all that was given"
        return words
    return ""
