"""What the columns of a task take that its caller gives: one check each, for a new task and for a changed one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tasks_app.conf import conf
from tasks_app.errors import ValueRefused
from tasks_app.rules import given
from tasks_app.rules.values import as_json, as_metadata, check_name, clean_text

MAX_PRIORITY = 2**31 - 1  # the column's
MAX_ATTEMPTS = 1_000_000  # more is a mistake: at one a minute, two years


def checked(task_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values`, by the names of `NewTask`, as they are stored.

    Raises:
        ValueRefused: one of them is of the wrong kind, not JSON, too large or out of bounds; it and the task are named.
    """
    return {name: _CHECKS[name](task_id, value) for name, value in values.items()}


def _label(task_id: str, value: str) -> str:
    return clean_text(" ".join(given.text(value, f"The label of task {task_id!r}").split()) or task_id, max_chars=300)


def _description(task_id: str, value: str) -> str:
    return clean_text(given.text(value, f"The description of task {task_id!r}"))


def _input(task_id: str, value: Any) -> Any:
    return as_json(value, what=f"The input of task {task_id!r}", max_bytes=conf.max_value_bytes)


def _agent(task_id: str, value: str) -> str:
    return check_name(value, what=f"The agent of task {task_id!r}", max_chars=100)


def _model(task_id: str, value: str) -> str:
    return check_name(value, what=f"The model of task {task_id!r}", max_chars=200)


def _priority(task_id: str, value: int) -> int:
    return given.whole(value, f"The priority of task {task_id!r}", least=-MAX_PRIORITY, most=MAX_PRIORITY)


def _max_attempts(task_id: str, value: int) -> int:
    return given.whole(value, f"The max_attempts of task {task_id!r}", least=1, most=MAX_ATTEMPTS)


def _not_before(task_id: str, value: datetime | None) -> datetime | None:
    if value is None:
        return None
    what = f"The not_before of task {task_id!r}"
    if not isinstance(value, datetime):
        raise ValueRefused(f"{what} is a datetime, not {given.shown(value)}.")
    if value.utcoffset() is None:
        raise ValueRefused(f"{what}, {value}, has no time zone.")
    if not datetime.min.year < value.year < datetime.max.year:  # in another time zone it would be none
        raise ValueRefused(f"{what}, {value}, is out of bounds.")
    return value.astimezone(UTC)


def _metadata(task_id: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return as_metadata(value, what=f"The metadata of task {task_id!r}", max_bytes=conf.max_value_bytes)


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
