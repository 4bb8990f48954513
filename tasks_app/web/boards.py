"""What a board shows, read from rows: windows on an index, counts from the list's own row.

A board costs at most seven queries whatever the list's size: the list, a window a column, what is being cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Left
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tasks_app.models import Attempt, Task, TaskListSnapshot
from tasks_app.rules.statuses import AttemptStatus, TaskStatus
from tasks_app.services import task_lists
from tasks_app.web.snapshots import KINDS, Board, Card, Column, Head

WINDOW = 30  # cards a column shows; the rest is counted and has a page of its own
PAGE = 100  # cards a column's own page shows
LINE_CHARS = 200  # of an error on a card: two lines of it

COLUMNS: Mapping[str, tuple[str, TaskStatus]] = {  # name → title, status; in the order of the board
    "todo": ("To do", TaskStatus.PENDING),
    "running": ("Running", TaskStatus.IN_PROGRESS),
    "waiting": ("Needs you", TaskStatus.AWAITING_APPROVAL),
    "done": ("Done", TaskStatus.COMPLETED),
    "failed": ("Failed", TaskStatus.FAILED),
    "skipped": ("Skipped", TaskStatus.SKIPPED),
    "cancelled": ("Cancelled", TaskStatus.CANCELLED),
}
FOLDED = ("skipped", "cancelled")
_COLUMN_OF = {status: name for name, (_, status) in COLUMNS.items()}


def board(list_id: UUID, *, alive: bool, show: str = "") -> Board:
    """A list with the first cards of each column; the folded ones are counted only.

    `alive`: some worker is. `show`: the column a narrow screen opens with, if it names one.

    Raises:
        TaskListNotFound.
    """
    task_list = task_lists.get(list_id)  # first, so that its seq is no newer than any card
    now = timezone.now()
    windows = {
        name: [] if name in FOLDED or not task_list.counts[status] else _window(task_list, name, WINDOW)
        for name, (_, status) in COLUMNS.items()
    }
    windows["running"] = _being_cancelled(task_list) + windows["running"]
    columns = [_column(task_list, name, cards, now) for name, cards in windows.items()]
    head = _head(task_list, windows["done"], now, alive=alive)
    return Board(head, tuple(columns), show if show in COLUMNS else "")


def head(list_id: UUID, *, alive: bool) -> Head:
    """A list's head alone. One query.

    Raises:
        TaskListNotFound.
    """
    return _head(task_lists.get(list_id), [], timezone.now(), alive=alive)


def column(list_id: UUID, name: str, after: str = "") -> Column:
    """A page of one column's cards, past the place that `after` names (the end of the page before).

    Raises:
        TaskListNotFound. KeyError: there is no such column.
    """
    task_list = task_lists.get(list_id)
    rows = _window(task_list, name, PAGE + 1, after=after)
    page = _column(task_list, name, rows[:PAGE], timezone.now())
    if len(rows) <= PAGE:
        return page
    url = reverse("column", args=[list_id, name])
    return replace(page, next_url=f"{url}?after={_place(name, rows[PAGE - 1])}")


def _window(task_list: TaskListSnapshot, name: str, size: int, after: str = "") -> list[dict[str, Any]]:
    """Rows of the first cards of a column: to do as it will be claimed, the others latest first."""
    rows = Task.objects.present().filter(task_list=task_list.id, status=COLUMNS[name][1])
    if name == "todo":
        rows = rows.filter(_past_to_do(after)).order_by("-priority", "position")
    else:
        rows = rows.filter(_past_moved(after)).order_by("-moved_at", "-id")
    return _values(rows[:size])


def _being_cancelled(task_list: TaskListSnapshot) -> list[dict[str, Any]]:
    """Rows of the tasks that were ended from outside while their worker has not let go yet."""
    held = Attempt.objects.filter(stopped_at__isnull=True, task__task_list=task_list.id, worker__isnull=False)
    ids = held.exclude(status=AttemptStatus.RUNNING).order_by("-ended_at").values_list("task_id", flat=True)[:WINDOW]
    if not (found := list(ids)):
        return []
    rows = _values(Task.objects.present().filter(pk__in=found, status__in=[TaskStatus.CANCELLED, TaskStatus.SKIPPED]))
    return [row | {"cancelling": True} for row in rows]


def _values(rows: Any) -> list[dict[str, Any]]:
    """Only what a card shows: inputs and results may be large."""
    return list(
        rows.annotate(error_line=Left("error", LINE_CHARS)).values(
            "id", "key", "label", "agent", "status", "attempt_count", "max_attempts", "progress", "headline",
            "error_line", "skip_reason", "waiting_for", "not_before", "last_seq", "priority", "position", "moved_at",
            "started_at", "ended_at",
        )
    )  # fmt: skip


def _column(task_list: TaskListSnapshot, name: str, rows: Sequence[dict[str, Any]], now: datetime) -> Column:
    title, status = COLUMNS[name]
    count = task_list.counts[status]
    shown = sum(not row.get("cancelling") for row in rows)
    return Column(
        name=name,
        title=title,
        icon=name,
        count=count,
        limit=task_list.concurrency if name == "running" and not task_list.finished else None,
        cards=tuple(_card(task_list, row, now) for row in rows),
        more=max(0, count - shown),
        list_id=task_list.id,
    )


def _card(task_list: TaskListSnapshot, row: Mapping[str, Any], now: datetime) -> Card:
    status, cancelling = row["status"], bool(row.get("cancelling"))
    started, ended = row["started_at"], row["ended_at"]
    name = "running" if cancelling else _COLUMN_OF[status]
    return Card(
        key=row["key"],
        pk=row["id"],
        dom_id=f"task-{row['id']}",
        url=reverse("task", args=[task_list.id, row["key"]]),
        label=row["label"],
        agent=row["agent"] or task_list.agent,
        status=status,
        column=name,
        attempt=row["attempt_count"],
        max_attempts=row["max_attempts"],
        line=_line(row, now),
        since={"running": started, "waiting": row["moved_at"]}.get(name),
        seconds=(ended - started).total_seconds() if started and ended and name in ("done", "failed") else None,
        waits_for=row["waiting_for"] if status == TaskStatus.PENDING else 0,
        cancelling=cancelling,
        seq=row["last_seq"],
        list_id=task_list.id,
    )


def _line(row: Mapping[str, Any], now: datetime) -> str:
    """The one live line of a card."""
    due = row["not_before"]
    if row["status"] == TaskStatus.PENDING and due and due > now:
        tried = "Tries again" if row["error_line"] else "Not before"
        return f"{tried} {'at ' if row['error_line'] else ''}{timezone.localtime(due):%H:%M:%S}"
    lines = {
        TaskStatus.IN_PROGRESS: row["progress"],
        TaskStatus.AWAITING_APPROVAL: "Waits for approval",
        TaskStatus.COMPLETED: row["headline"],
        TaskStatus.FAILED: row["error_line"],
        TaskStatus.SKIPPED: row["skip_reason"],
    }
    return str(lines.get(row["status"], ""))


def _head(task_list: TaskListSnapshot, done: Sequence[Mapping[str, Any]], now: datetime, *, alive: bool) -> Head:
    kind, word = KINDS[task_list.status]
    per_minute = None if task_list.finished else _per_minute(task_list, done, now)
    left = task_list.counts["pending"] + task_list.counts["in_progress"]
    started, ended = task_list.started_at, task_list.finished_at
    notice, remedy = _notice(task_list, alive=alive)
    return Head(
        id=task_list.id,
        url=reverse("list", args=[task_list.id]),
        title=task_list.title,
        status=task_list.status,
        status_word=word,
        kind=kind,
        counts=task_list.counts,
        total=task_list.total,
        done=task_list.counts["completed"],
        started=started is not None,
        pauses=task_list.pauses,
        discarded=task_list.discarded_at is not None,
        finished=task_list.finished,
        tokens=task_list.tokens,
        cost=task_list.cost,
        per_minute=per_minute,
        eta_seconds=60 * left / per_minute if per_minute and not task_list.pauses else None,
        concurrency=task_list.concurrency,
        seq=task_list.seq,
        agent=task_list.agent,
        seconds=(ended - started).total_seconds() if started and ended else None,
        notice=notice,
        remedy=remedy,
    )


def _per_minute(task_list: TaskListSnapshot, done: Sequence[Mapping[str, Any]], now: datetime) -> float | None:
    """Throughput, from the last tasks that were done: how many the window holds, over the time they took to come in."""
    if len(done) < 3 or task_list.started_at is None:
        return None
    since = done[-1]["moved_at"] if task_list.counts["completed"] > len(done) else task_list.started_at
    seconds = max((now - since).total_seconds(), 0.001)
    return float(f"{60 * len(done) / seconds:.2g}")


def _notice(task_list: TaskListSnapshot, *, alive: bool) -> tuple[str, str]:
    """Why nothing of the list moves, and the command that mends it; empty if all is well."""
    if task_list.discarded_at:
        reason = f": {task_list.discard_reason}" if task_list.discard_reason else "."
        return f"This list was discarded{reason}", ""
    if task_list.finished or not task_list.counts["pending"] + task_list.counts["in_progress"]:
        return "", ""
    if task_list.started_at is None:
        return "This list is not started: nothing of it is claimed.", ""
    if not alive:
        return "No worker is alive, so nothing runs. Start one:", "manage.py crux up --no-web"
    if task_list.pauses:
        return "Paused: what runs will finish, nothing new is claimed.", ""
    return "", ""


def _past_to_do(after: str) -> Q:
    priority, _, position = after.partition(",")
    if not (priority.lstrip("-").isdecimal() and position.isdecimal()):
        return Q()
    return Q(priority__lt=int(priority)) | Q(priority=int(priority), position__gt=int(position))


def _past_moved(after: str) -> Q:
    moved, _, pk = after.partition(",")
    try:
        at = parse_datetime(moved.replace(" ", "+")) if pk.isdecimal() else None
    except ValueError:
        at = None
    if at is None or timezone.is_naive(at):
        return Q()
    return Q(moved_at__lt=at) | Q(moved_at=at, id__lt=int(pk))


def _place(name: str, row: Mapping[str, Any]) -> str:
    """The place of a row in its column, as `after` takes it."""
    if name == "todo":
        return f"{row['priority']},{row['position']}"
    return f"{row['moved_at'].isoformat().replace('+', '%2B')},{row['id']}"
