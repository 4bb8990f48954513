"""What became of a list: as an exit code, as a sentence, as the JSON that programs read."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tasks_app.models import TaskListSnapshot
from tasks_app.rules.statuses import TaskStatus, words


def exit_code(seen: TaskListSnapshot) -> int:
    """0 if all its tasks are completed or skipped, else 1."""
    return int(seen.counts[TaskStatus.COMPLETED] + seen.counts[TaskStatus.SKIPPED] < seen.total)


def report(seen: TaskListSnapshot) -> dict[str, Any]:
    """`{"list": id, "status": …, "counts": {"total": n, one key a status}, "seconds": …}`."""
    counts = {"total": seen.total, **seen.counts}
    return {"list": str(seen.id), "status": seen.status, "counts": counts, "seconds": round(seconds(seen), 3)}


def seconds(seen: TaskListSnapshot) -> float:
    """From its start to its end, or to now."""
    return ((seen.finished_at or timezone.now()) - (seen.started_at or seen.created_at)).total_seconds()


def progress(seen: TaskListSnapshot) -> str:
    """Where it stands, in a line: `12 of 60 completed · 4 in progress · 1 failed`."""
    parts = [f"{seen.counts[TaskStatus.COMPLETED]:,} of {seen.total:,} completed"]
    parts += [
        f"{seen.counts[status]:,} {words(status)}"
        for status in TaskStatus
        if status not in (TaskStatus.COMPLETED, TaskStatus.PENDING) and seen.counts[status]
    ]
    if seen.discarded_at:
        parts.append("discarded")
    elif seen.started_at is None:
        parts.append("not started")
    elif seen.pauses and not seen.finished:
        parts.append(f"paused ({', '.join(seen.pauses)})")
    return " · ".join(parts)


def sentence(seen: TaskListSnapshot) -> str:
    """How it ended, in a line."""
    parts = [progress(seen), f"{seconds(seen):,.1f} s", f"{seen.tokens:,} tokens"]
    if seen.cost is not None:
        parts.append(f"{seen.cost:.4f} USD")
    return " · ".join(parts)
