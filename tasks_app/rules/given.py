"""What callers give, looked at before anything is done with it: is it of the kind that is meant?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tasks_app.errors import ValueRefused

MAX_SHOWN = 100  # characters of a value that a message repeats


def shown(value: object) -> str:
    """A value as a message repeats it: in one line, cut; of one that cannot show itself only the kind."""
    try:
        words = repr(value)
    except Exception:  # nested too deep, or its own repr fails
        words = f"a {type(value).__name__}"
    return words if len(words) <= MAX_SHOWN else words[: MAX_SHOWN - 1] + "…"


def text(value: Any, what: str) -> str:
    """`value`, which is a text.

    Raises:
        ValueRefused: it is none. So do all of these; `what` names the value, as in `The label of task 'a'`.
    """
    if not isinstance(value, str):
        raise ValueRefused(f"{what} is a text, not {shown(value)}.")
    return value


def whole(value: Any, what: str, *, least: int | None = None, most: int | None = None) -> int:
    """`value`, which is a whole number within these bounds."""
    right = isinstance(value, int) and not isinstance(value, bool)
    if not right or (least is not None and value < least) or (most is not None and value > most):
        bounds = [f"from {least:,}"] if least is not None else []
        bounds += [f"to {most:,}"] if most is not None else []
        raise ValueRefused(f"{what} is {' '.join(['a whole number', *bounds])}, not {shown(value)}.")
    return int(value)


def yes_or_no(value: Any, what: str) -> bool:
    """`value`, which is True or False."""
    if not isinstance(value, bool):
        raise ValueRefused(f"{what} is True or False, not {shown(value)}.")
    return value


def mapping(value: Any, what: str) -> Mapping[Any, Any]:
    """`value`, which is a dict or the like."""
    if not isinstance(value, Mapping):
        raise ValueRefused(f"{what} is a dict, not {shown(value)}.")
    return value


def several(value: Any, what: str) -> list[Any]:
    """The items of `value`, which is a list or the like: no text and no dict."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise ValueRefused(f"{what} is a list, not {shown(value)}.")
    return list(value)


def function(value: Any, what: str) -> Callable[..., Any]:
    """`value`, which can be called."""
    if not callable(value):
        raise ValueRefused(f"{what} is a function, not {shown(value)}.")
    made: Callable[..., Any] = value
    return made
