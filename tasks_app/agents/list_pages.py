"""A task list as a model reads it: a bounded text of the whole, and pages of its tasks."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from tasks_app.models import TaskListSnapshot, TaskSnapshot
from tasks_app.rules.statuses import FINAL, TaskStatus
from tasks_app.rules.values import clean_text, headline
from tasks_app.services import dependents, task_lists, tasks

__all__ = ["MOST", "as_markdown", "page"]

LINES = 50  # tasks told in a system text: some 2,000 tokens, sent anew with each turn
MOST = 100  # tasks a page: with texts of usual length some 10,000 tokens
NAMED = 5  # ids that a task waits for are named up to here; one that sums up a batch waits for thousands
MAX_CHARS = 300  # of each longer text on a page
_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}  # those that JSON leaves as they are

_ORDER = (TaskStatus.IN_PROGRESS, TaskStatus.AWAITING_APPROVAL, TaskStatus.PENDING, TaskStatus.FAILED)
ORDER = (*_ORDER, *(status for status in FINAL if status not in _ORDER))


def as_markdown(list_id: UUID) -> str:
    """The list and its first 50 tasks, a line each, the unfinished first. At most nine queries.

    Whatever a text in it holds, it stays quoted in its line.

    Raises:
        TaskListNotFound.
    """
    known = task_lists.get(list_id)
    shown: list[TaskSnapshot] = []
    for status in ORDER:
        if known.counts[status] and len(shown) < LINES:
            shown += tasks.window(list_id, status=status, after=0, limit=LINES - len(shown))
    waits_for = _waits_for(shown)
    lines = [f"## Task list: {known.title}", _standing(known), *(_line(task, waits_for) for task in shown)]
    if (more := known.total - len(shown)) > 0:
        lines.append(f"And {more:,} more; call `list_tasks` to see them.")
    return "\n".join(lines)


def page(list_id: UUID, *, status: str | None, after: int, limit: int) -> dict[str, Any]:
    """A page of tasks past the position `after`, in their order, and where the next begins. Three queries.

    Raises:
        TaskListNotFound.
    """
    known = task_lists.get(list_id)
    found = tasks.window(list_id, status=status, after=after, limit=limit + 1)
    shown = found[:limit]
    waits_for = _waits_for(shown)
    return {
        "ok": True,
        "status": known.status,
        "counts": {name: count for name, count in known.counts.items() if count},
        "tasks": [_entry(task, waits_for) for task in shown],
        "next_after": shown[-1].position if len(found) > limit else None,
    }


def _waits_for(shown: list[TaskSnapshot]) -> dict[int, list[str]]:
    """The ids that tasks wait for, by the tasks' pks; only of those that wait for few."""
    return dependents.waits_for([task.pk for task in shown if _waits(task) and task.waiting_for <= NAMED])


def _standing(known: TaskListSnapshot) -> str:
    counts = ", ".join(f"{count:,} {status}" for status, count in known.counts.items() if count)
    told = [f"Status: {known.status}"]
    told += [f"paused ({', '.join(map(_quoted, known.pauses))})"] if known.pauses else []
    told += [f"discarded because {_quoted(known.discard_reason)}"] if known.discard_reason else []
    return f"{'; '.join(told)}. Tasks: {counts or 'none yet'}."


def _line(task: TaskSnapshot, waits_for: dict[int, list[str]]) -> str:
    told = f"- {_quoted(task.id)} [{task.status}]"
    told += f" {_quoted(task.label)}" if task.label != task.id else ""
    told += f", assigned to {_quoted(task.agent)}" if task.agent else ""
    if task.progress and task.status == TaskStatus.IN_PROGRESS:
        return f"{told}, doing {_quoted(task.progress)}"
    ids = ", ".join(map(_quoted, waits_for.get(task.pk, ()))) or _many(task)
    return f"{told}, waits for {ids}" if ids else told


def _many(task: TaskSnapshot) -> str:
    """What a task waits for that waits for many."""
    return f"{task.waiting_for:,} tasks" if _waits(task) else ""


def _waits(task: TaskSnapshot) -> bool:
    return task.waiting_for > 0 and task.status == TaskStatus.PENDING


def _entry(task: TaskSnapshot, waits_for: dict[int, list[str]]) -> dict[str, Any]:
    """A task as JSON, without what is empty; longer texts are cut."""
    entry = {
        "id": task.id,
        "position": task.position,
        "status": task.status,
        "label": task.label,
        "description": clean_text(task.description, max_chars=MAX_CHARS),
        "assignee": task.agent,
        "priority": task.priority,
        "waits_for": waits_for.get(task.pk) or _many(task),
        "progress": task.progress,
        "result": headline(task.result),
        "error": clean_text(task.error, max_chars=MAX_CHARS),
        "skip_reason": task.skip_reason,
    }
    return {name: value for name, value in entry.items() if value}


def _quoted(text: str) -> str:
    """The text as JSON, in one line whatever it holds."""
    return json.dumps(text, ensure_ascii=False).translate(_LINE_ENDS)
