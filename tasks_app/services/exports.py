"""Exports: a list's tasks with what came of them, streamed in constant memory. Read while it runs, each chunk is as of
the moment it is read.

In CSV a text that a spreadsheet would take for a formula gets an apostrophe before it (as OWASP advises against "CSV
injection"); JSON lines give every value as it is.
"""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from csv import DictWriter
from datetime import datetime
from typing import Any
from uuid import UUID

from tasks_app.models import Attempt, Task, TaskListSnapshot
from tasks_app.services import task_lists

CHUNK = 100  # tasks read at once: with the largest inputs and results allowed, 50 MB
COLUMNS = ("id", "label", "status", "agent", "input", "result", "error", "tokens", "cost", "seconds", "attempts")

_TASK = ("pk", "position", "key", "label", "status", "agent", "input", "result", "error", "tokens", "cost")
_ATTEMPT = ("task_id", "number", "status", "worker_name", "started_at", "ended_at", "error")
_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # the wide ones are formulas in Japanese Excel
# Legal inside JSON's strings, and a line's end for some readers.
_LINE_ENDS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def rows(list_id: UUID) -> Iterator[dict[str, Any]]:
    """A list's tasks by position, the removed left out, as plain JSON data. Two queries for each 100 tasks, and one.

    Each is `{"id", "label", "status", "agent", "input", "result", "error", "tokens", "cost", "seconds", "attempts":
    [{"number", "status", "worker", "started_at", "ended_at", "error"}]}`; `cost` is USD or null, `seconds` the sum over
    the attempts that have ended, times are RFC 3339 in UTC.

    Raises:
        TaskListNotFound: at once, not when the first row is taken.
    """
    return _rows(task_lists.get(list_id))


def jsonl(list_id: UUID) -> Iterator[str]:
    """The rows as JSON, each a line. `rows` says the rest."""
    return (_json(row).translate(_LINE_ENDS) + "\n" for row in rows(list_id))


def csv(list_id: UUID) -> Iterator[str]:
    """The rows as CSV (RFC 4180) with a header; `attempts` is their number. `rows` says the rest.

    Texts stand as they are, other values of `input` and `result` as compact JSON.
    """
    return _csv(rows(list_id))


def _rows(task_list: TaskListSnapshot) -> Iterator[dict[str, Any]]:
    present = Task.objects.present().filter(task_list=task_list.id).order_by("position")
    position = 0
    while chunk := list(present.filter(position__gt=position).values(*_TASK)[:CHUNK]):
        attempts = _attempts_of([task["pk"] for task in chunk])
        for task in chunk:
            yield _row(task, attempts[task["pk"]], default_agent=task_list.agent)
        position = chunk[-1]["position"]


def _attempts_of(tasks: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for attempt in Attempt.objects.filter(task__in=tasks).order_by("task", "number").values(*_ATTEMPT):
        found[attempt["task_id"]].append(attempt)
    return found


def _row(task: dict[str, Any], attempts: Sequence[dict[str, Any]], *, default_agent: str) -> dict[str, Any]:
    lasted = [
        (attempt["ended_at"] - attempt["started_at"]).total_seconds() for attempt in attempts if attempt["ended_at"]
    ]
    return {
        "id": task["key"],
        "label": task["label"],
        "status": task["status"],
        "agent": task["agent"] or default_agent,
        "input": task["input"],
        "result": task["result"],
        "error": task["error"],
        "tokens": task["tokens"],
        "cost": None if task["cost"] is None else float(task["cost"]),
        "seconds": round(sum(lasted), 3),
        "attempts": [
            {
                "number": attempt["number"],
                "status": attempt["status"],
                "worker": attempt["worker_name"],
                "started_at": _time(attempt["started_at"]),
                "ended_at": _time(attempt["ended_at"]),
                "error": attempt["error"],
            }
            for attempt in attempts
        ],
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


def _csv(found: Iterator[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO(newline="")
    writer = DictWriter(buffer, COLUMNS)
    writer.writeheader()
    for row in found:
        writer.writerow({column: _cell(value) for column, value in {**row, "attempts": len(row["attempts"])}.items()})
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    if rest := buffer.getvalue():
        yield rest


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return "" if value is None else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
