"""What the columns of a task take that its caller gives: one check each, for a new task and for a changed one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tasks_app.conf import conf
from tasks_app.errors import ValueRefused
from tasks_app.rules.values import as_json, check_name, clean_text

MAX_ATTEMPTS = 1_000_000  # more is a mistake: at one a minute, two years


def checked(task_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given`, values by the names of `NewTask`, as they are stored.

    Raises:
        ValueRefused: one of them is not JSON, too large or out of bounds; it and the task are named.
    """
    return {name: _CHECKS[name](task_id, value) for name, value in given.items()}


def _label(task_id: str, value: str) -> str:
    return clean_text(" ".join(value.split()) or task_id, max_chars=300)


def _description(task_id: str, value: str) -> str:
    return clean_text(value)


def _input(task_id: str, value: Any) -> Any:
    return as_json(value, what=f"The input of task {task_id!r}", max_bytes=conf.max_value_bytes)


def _agent(task_id: str, value: str) -> str:
    return check_name(value, what=f"The agent of task {task_id!r}", max_chars=100)


def _model(task_id: str, value: str) -> str:
    return check_name(value, what=f"The model of task {task_id!r}", max_chars=200)


def _priority(task_id: str, value: int) -> int:
    if not -(2**31) <= value < 2**31:
        raise ValueRefused(f"The priority of task {task_id!r} is out of bounds.")
    return value


def _max_attempts(task_id: str, value: int) -> int:
    if not 1 <= value <= MAX_ATTEMPTS:
        raise ValueRefused(f"The max_attempts of task {task_id!r} is {value:,}; it is from 1 to {MAX_ATTEMPTS:,}.")
    return value


def _not_before(task_id: str, value: datetime | None) -> datetime | None:
    if value is not None and value.utcoffset() is None:
        raise ValueRefused(f"The not_before of task {task_id!r}, {value}, has no time zone.")
    return value


def _metadata(task_id: str, value: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = as_json(
        dict(value), what=f"The metadata of task {task_id!r}", max_bytes=conf.max_value_bytes
    )
    return plain


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "label": _label,
    "description": _description,
    "input": _input,
    "agent": _agent,
    "model": _model,
    "priority": _priority,
    "max_attempts": _max_attempts,
    "not_before": _not_before,
    "metadata": _metadata,
}

CHECKED = tuple(_CHECKS)
