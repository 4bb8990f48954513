"""Claims: who works on what, and what a worker may do to its own attempt.

An attempt is a fence: every verb here names one, and is refused once another has ended it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import F

from tasks_app.conf import conf
from tasks_app.errors import AttemptLost, IllegalTransition, TaskListDiscarded, TaskListNotFound
from tasks_app.models import Attempt, Task, TaskList, TaskSnapshot, Worker
from tasks_app.rules.actors import Actor
from tasks_app.rules.retry import ALONE_AFTER_ABANDONED, backoff_seconds
from tasks_app.rules.statuses import AttemptStatus, By, TaskStatus, words
from tasks_app.rules.values import as_json, clean_text, headline
from tasks_app.services.ledger import Ledger, open_list

MAX_ERROR_CHARS = 20_000  # an error is for people to read, not a dump
MAX_LISTS = 100  # lists looked at for one claim; the others have their turn at the next


@dataclass(frozen=True, slots=True)
class Claim:
    """A running attempt and its task, as claimed. `task.agent` is the one that works on it: its own or the list's."""

    attempt_id: UUID
    number: int
    list_id: UUID
    task_pk: int
    worker: str
    task: TaskSnapshot


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a call of `claim` got.

    Attributes:
        claims: the new attempts, running already.
        alone: a task that has cost several workers their life is among them or next: claim nothing more until all of
            your slots are empty.
        last_list: the list served last; give it back as `after`, so that every list has its turn.
    """

    claims: tuple[Claim, ...] = ()
    alone: bool = False
    last_list: UUID | None = None


def claim(worker_id: UUID, limit: int, *, idle: bool, after: UUID | None = None, only: UUID | None = None) -> Claimed:
    """Claim up to `limit` tasks for a worker, sharing them out among the lists in turn.

    One query when there is nothing to do; about seven a list served, whatever its size.

    Args:
        idle: whether all of the worker's slots are empty.
        after: the list served last.
        only: the one list to serve.
    """
    runnable = TaskList.objects.runnable()
    if only is not None:
        runnable = runnable.filter(pk=only)
    lists = list(runnable.order_by("id").values_list("id", flat=True)[:MAX_LISTS])
    worker = Worker.objects.filter(pk=worker_id, stopped_at__isnull=True).first() if lists and limit > 0 else None
    if worker is None:
        return Claimed(last_list=after)
    if after is not None:
        lists = [list_id for list_id in lists if list_id > after] + [list_id for list_id in lists if list_id <= after]
    got: list[Claim] = []
    for turn, list_id in enumerate(lists):
        free = limit - len(got)
        if free <= 0:
            break
        share = -(-free // (len(lists) - turn))
        claims, alone = _claim_from(list_id, worker, share, idle=idle and not got)
        got += claims
        after = list_id
        if alone:
            return Claimed(tuple(got), alone=True, last_list=after)
    return Claimed(tuple(got), last_list=after)


def start(claim: Claim) -> TaskSnapshot:
    """Say that work on it has begun; for a claimed task it has, so this changes nothing. One query."""
    attempts = Attempt.objects.filter(pk=claim.attempt_id)
    if not attempts.filter(status=AttemptStatus.RUNNING).exists():
        _check_held(claim, next(iter(attempts.with_task()), None))
    return claim.task


def progress(claim: Claim, message: str) -> TaskSnapshot:
    """Say what the worker is doing, in a line that people read. Six queries."""
    with _held(claim) as (ledger, attempt, task):
        text = clean_text(" ".join(message.split()), max_chars=500)
        ledger.note("task.progress", task=task, data={"message": text, "attempt": attempt.number})
        Task.objects.filter(pk=task.pk).update(progress=text, last_seq=ledger.row.last_seq)
    return replace(claim.task, progress=text, seq=ledger.row.last_seq)


def complete(claim: Claim, result: Any = None) -> TaskSnapshot:
    """End the task well, and its list with it if it was the last. Eight queries.

    Raises:
        ValueRefused: the result is not JSON or too large; the task stays in progress.
        AttemptLost: another ended the attempt; the caller must stop.
        IllegalTransition: this attempt has already ended; its first result stays.
    """
    value = as_json(result, what=f"The result of task {claim.task.id!r}", max_bytes=conf.max_value_bytes)
    with _held(claim) as (ledger, attempt, task):
        used = ledger.end_attempt(attempt, AttemptStatus.COMPLETED, result=value, stopped_at=ledger.now)
        line = headline(value)
        ledger.move(
            [task],
            TaskStatus.COMPLETED,
            by=By.WORKER,
            kind="task.completed",
            data=lambda _: {"attempt": attempt.number, "headline": line},
            result=value,
            headline=line,
            error="",
            ended_at=ledger.now,
            **used,
        )
    return replace(claim.task, status=str(task.status), result=value, ended_at=ledger.now, seq=task.last_seq)


def fail(claim: Claim, error: str, *, retryable: bool = True) -> TaskSnapshot:
    """End the attempt badly. With tries left the task waits for the next, not before a back-off. Eight queries.

    Raises:
        AttemptLost, IllegalTransition: as for `complete`.
    """
    text = clean_text(error.strip() or "It failed without saying why.", max_chars=MAX_ERROR_CHARS)
    with _held(claim) as (ledger, attempt, task):
        columns = ledger.end_attempt(attempt, AttemptStatus.FAILED, error=text, stopped_at=ledger.now)
        failures = task.failed_count + 1
        columns |= {"failed_count": failures, "feedback": text, "error": text, "ended_at": ledger.now}
        data: dict[str, Any] = {"attempt": attempt.number, "error": text[:500]}
        if retryable and failures < task.max_attempts:
            due = ledger.now + timedelta(seconds=backoff_seconds(failures))
            data["retry_at"] = due.isoformat()
            columns |= {"not_before": due, "ended_at": None, "progress": ""}
        to = TaskStatus.PENDING if "retry_at" in data else TaskStatus.FAILED
        ledger.move([task], to, by=By.WORKER, kind="task.failed", data=lambda _: data, **columns)
    told: dict[str, Any] = {"status": str(to), "error": text, "feedback": text, "seq": task.last_seq}
    return replace(claim.task, **told, not_before=columns.get("not_before"))


def open_attempts(ledger: Ledger, tasks: Sequence[Task], worker: Worker) -> list[Claim]:
    """Move pending tasks into progress, each as a new attempt that the worker holds. Two queries, and their events."""
    if not tasks:
        return []
    attempts = [
        Attempt(
            task=task,
            number=task.attempt_count + 1,
            worker=worker,
            worker_name=worker.name,
            agent=task.agent or ledger.row.agent,
            model=task.model,
            started_at=ledger.now,
        )
        for task in tasks
    ]
    Attempt.objects.bulk_create(attempts, batch_size=500)
    for task in tasks:
        task.attempt_count += 1
    ledger.move(
        tasks,
        TaskStatus.IN_PROGRESS,
        by=By.WORKER,
        kind="task.started",
        data=lambda task: {"attempt": task.attempt_count},
        attempt_count=F("attempt_count") + 1,
        started_at=ledger.now,
        not_before=None,
        error="",
        progress="",
        ended_at=None,
    )
    return [
        Claim(
            attempt_id=attempt.pk,
            number=attempt.number,
            list_id=ledger.row.pk,
            task_pk=attempt.task_id,
            worker=worker.name,
            task=replace(attempt.task.snapshot(), agent=attempt.agent),
        )
        for attempt in attempts
    ]


def _claim_from(list_id: UUID, worker: Worker, limit: int, *, idle: bool) -> tuple[list[Claim], bool]:
    try:
        with open_list(list_id, actor=Actor("worker", worker.name)) as ledger:
            row = ledger.row
            room = row.snapshot().concurrency - row.in_progress
            if row.started_at is None or row.pauses or room <= 0:
                return [], False
            candidates = list(Task.objects.claimable(ledger.now).filter(task_list=row)[: min(limit, room)])
            tasks, alone = _side_by_side(candidates, idle=idle)
            return open_attempts(ledger, tasks, worker), alone
    except (TaskListDiscarded, TaskListNotFound):
        return [], False


def _side_by_side(tasks: list[Task], *, idle: bool) -> tuple[list[Task], bool]:
    """Those of `tasks` that may run next to others; and whether one that must run alone came up."""
    for place, task in enumerate(tasks):
        if task.abandoned_count >= ALONE_AFTER_ABANDONED:
            return (tasks[:1] if place == 0 and idle else tasks[:place]), True
    return tasks, False


@contextmanager
def _held(claim: Claim) -> Iterator[tuple[Ledger, Attempt, Task]]:
    """The list's books, the attempt and its task, if the attempt still runs. Three queries."""
    try:
        with open_list(claim.list_id, actor=Actor("worker", claim.worker)) as ledger:
            rows = Attempt.objects.with_task().select_for_update(of=("self",))
            attempt = _check_held(claim, next(iter(rows.filter(pk=claim.attempt_id)), None))
            yield ledger, attempt, attempt.task
    except (TaskListDiscarded, TaskListNotFound) as error:
        raise AttemptLost(f"{error} Stop working on task {claim.task.id!r}.") from error


def _check_held(claim: Claim, attempt: Attempt | None) -> Attempt:
    what = f"Attempt {claim.number} of task {claim.task.id!r}"
    if attempt is None:
        raise AttemptLost(f"{what} is gone; stop working on it.")
    if attempt.status in (AttemptStatus.COMPLETED, AttemptStatus.FAILED):
        state = words(attempt.status)
        raise IllegalTransition(f"{what} has already {state}; what it said first stays.", status=attempt.task.status)
    if attempt.status != AttemptStatus.RUNNING:
        raise AttemptLost(f"{what} was {words(attempt.status)}; stop working on it.")
    return attempt
