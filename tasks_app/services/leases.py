"""Leases: what becomes of attempts whose worker is told to let go, stops, or died.

A worker process is the lease on every attempt it holds; its row's beat keeps it. See `models.worker`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from tasks_app.conf import conf
from tasks_app.models import Attempt, Task, TaskList, Worker
from tasks_app.rules.actors import ENGINE, Actor
from tasks_app.rules.statuses import UNFINISHED, AttemptStatus, By, TaskStatus
from tasks_app.services.claims import Claim
from tasks_app.services.dependents import CHUNK, chunks
from tasks_app.services.ledger import Ledger, open_list
from tasks_app.services.task_lists import finish_discard


def fenced(worker_id: UUID) -> list[UUID]:
    """The attempts that another has ended and this worker has not let go of yet. One query on a small index."""
    rows = Attempt.objects.filter(worker=worker_id, stopped_at__isnull=True)
    return list(rows.exclude(status=AttemptStatus.RUNNING).values_list("pk", flat=True))


def stopped(attempt_ids: Collection[UUID]) -> None:
    """Record that the worker has let go of attempts that another had ended."""
    for chunk in chunks(attempt_ids):
        _record_stopped(Attempt.objects.filter(pk__in=chunk, stopped_at__isnull=True))


def held_by(worker_id: UUID) -> set[UUID]:
    """The attempts the worker has not let go of: those that run, and those that another has ended. One query."""
    return set(Attempt.objects.filter(worker=worker_id, stopped_at__isnull=True).values_list("pk", flat=True))


def let_go(attempt_ids: Collection[UUID], reason: str) -> None:
    """Let go of attempts, whatever became of them: those that run are given back, the others recorded as stopped."""
    for chunk in chunks(attempt_ids):
        _release(_as_held(Attempt.objects.filter(pk__in=chunk)), reason)
    stopped(attempt_ids)


def release(claims: Sequence[Claim], reason: str = "its worker stopped") -> int:
    """Give unfinished tasks back, as at shutdown; a new attempt starts them anew. Returns how many were still held."""
    held = [(claim.list_id, claim.worker, claim.attempt_id) for claim in claims]
    return _release(held, reason)


def release_strays(worker_id: UUID, known: Collection[UUID]) -> int:
    """Give back what the worker holds without knowing it: a claim whose commit was never confirmed to it.

    One query if there is none. The caller claims nothing meanwhile.
    """
    strays = _as_held(Attempt.objects.filter(worker=worker_id).exclude(pk__in=list(known)))
    return _release(strays, "its claim was never confirmed")


_Held = tuple[UUID, str, UUID]  # list, worker's name, attempt


def _as_held(attempts: QuerySet[Attempt]) -> list[_Held]:
    """Those that run, at most 500."""
    running = attempts.filter(status=AttemptStatus.RUNNING)
    return list(running.values_list("task__task_list_id", "worker_name", "pk")[:CHUNK])


def _release(held: Sequence[_Held], reason: str) -> int:
    """Release attempts: a transaction a list, in the lists' order."""
    released = 0
    for list_id, group in groupby(sorted(held, key=itemgetter(0)), key=itemgetter(0)):
        batch = list(group)
        with open_list(list_id, actor=Actor("worker", batch[0][1]), even_discarded=True) as ledger:
            attempts = _lock_running(pk__in=[attempt_id for *_, attempt_id in batch])
            ledger.end_attempts(attempts, AttemptStatus.RELEASED, error=reason, stopped_at=ledger.now)
            _give_back(ledger, attempts, kind="task.released", data=lambda _: {"reason": reason})
            released += len(attempts)
    return released


def sweep() -> int:
    """Take over from the dead: abandon their attempts, put the tasks back, fail one that has cost too many.

    It also goes on with discards that were cut short.
    Every pool runs it; that several do at once is harmless. Chunks of 500, a transaction a list. Returns how many
    attempts were abandoned.
    """
    dead = Worker.objects.dead()
    held = Attempt.objects.filter(worker__in=dead, stopped_at__isnull=True)
    running = held.filter(status=AttemptStatus.RUNNING).order_by("task__task_list_id")
    abandoned = 0
    for list_id in list(dict.fromkeys(running.values_list("task__task_list_id", flat=True)[:CHUNK])):
        abandoned += sweep_list(list_id)
    _record_stopped(held.exclude(status=AttemptStatus.RUNNING))
    cut_short = TaskList.objects.filter(discarded_at__isnull=False)
    for status in UNFINISHED:
        for list_id in list(cut_short.filter(**{f"{status}__gt": 0}).values_list("pk", flat=True)[:CHUNK]):
            finish_discard(list_id, actor=ENGINE)
    return abandoned


def sweep_list(list_id: UUID) -> int:
    """Abandon what the dead hold of one list, at most 500 attempts; returns how many."""
    with open_list(list_id, actor=ENGINE, even_discarded=True) as ledger:
        attempts = _lock_running(worker__in=Worker.objects.dead(), task__task_list_id=list_id)[:CHUNK]
        ledger.end_attempts(attempts, AttemptStatus.ABANDONED, error="its worker died", stopped_at=ledger.now)
        for attempt in attempts:
            _abandon(ledger, attempt)
    return len(attempts)


def _abandon(ledger: Ledger, attempt: Attempt) -> None:
    """Put the task of an abandoned attempt back; fail one that has cost too many workers."""
    task, lost = attempt.task, attempt.task.abandoned_count + 1
    data = {"attempt": attempt.number, "worker": attempt.worker_name, "abandoned": lost}
    if lost < conf.max_abandoned:
        _give_back(ledger, [attempt], kind="task.abandoned", data=lambda _: data, abandoned_count=lost)
        return
    error = f"Its worker died {lost} times while it ran: the task is the likely cause (CRUX_MAX_ABANDONED)."
    ledger.note("task.abandoned", task=task, data=data)
    ledger.move(
        [task],
        TaskStatus.FAILED,
        by=By.SWEEP,
        kind="task.failed",
        data=lambda _: {"attempt": attempt.number, "error": error},
        error=error,
        abandoned_count=lost,
        ended_at=ledger.now,
    )


def _give_back(
    ledger: Ledger,
    attempts: Sequence[Attempt],
    *,
    kind: str,
    data: Callable[[Task], Mapping[str, Any]],
    **columns: Any,
) -> None:
    """Move the tasks of attempts that ended without a verdict back to pending."""
    tasks = [attempt.task for attempt in attempts]
    ledger.move(tasks, TaskStatus.PENDING, by=By.SWEEP, kind=kind, data=data, progress="", **columns)


def _lock_running(**conditions: Any) -> list[Attempt]:
    """Running attempts with their tasks, their rows locked. The caller holds their list."""
    rows = Attempt.objects.with_task().select_for_update(of=("self",))
    return list(rows.filter(status=AttemptStatus.RUNNING, **conditions).order_by("pk"))


def _record_stopped(attempts: Any) -> None:
    """Set `stopped_at` on attempts, with an event for the board, which shows "Cancelling…" until then."""
    rows = list(attempts.select_related("task").order_by("task__task_list_id", "pk")[:CHUNK])
    for list_id, group in groupby(rows, key=lambda attempt: attempt.task.task_list_id):
        batch = list(group)
        with open_list(list_id, actor=ENGINE, even_discarded=True) as ledger:
            for attempt in batch:
                ledger.note("task.changed", task=attempt.task, data={"attempt": attempt.number, "stopped": True})
            ids = [attempt.pk for attempt in batch]
            Attempt.objects.filter(pk__in=ids, stopped_at__isnull=True).update(stopped_at=ledger.now)
            keys = [attempt.task_id for attempt in batch]
            Task.objects.filter(pk__in=keys).update(last_seq=ledger.row.last_seq)
