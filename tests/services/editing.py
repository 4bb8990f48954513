"""Short words for tests of edits: make one, and see what it left on record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tasks_app.models import Event, TaskListSnapshot, TaskSnapshot
from tasks_app.rules.statuses import By
from tasks_app.services import edits
from tests.builders import PROGRAM, check_books

TOMORROW = datetime(2100, 1, 1, tzinfo=UTC)
WORK: tuple[dict[str, Any], ...] = (  # what a worker's work rests on
    {"input": 2},
    {"agent": "editor"},
    {"model": "small"},
    {"priority": 3},
    {"max_attempts": 4},
    {"not_before": TOMORROW},
)


def edit(task_list: TaskListSnapshot, task_id: str = "a", by: By = By.HANDLE, **changes: Any) -> TaskSnapshot:
    """Change a task as a program does; the books are looked at after it."""
    try:
        return edits.update(task_list.id, task_id, changes, actor=PROGRAM, by=by)  # type: ignore[arg-type]
    finally:
        check_books(task_list)


def changed(task_list: TaskListSnapshot) -> list[dict[str, Any]]:
    """The data of the list's `task.changed` events, in order."""
    return list(
        Event.objects.after(f"list:{task_list.id}", 0).filter(kind="task.changed").values_list("data", flat=True)
    )
