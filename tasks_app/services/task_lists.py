"""Task lists: make, start, pause, resume, discard."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, Q
from django.utils import timezone

from tasks_app.conf import conf
from tasks_app.errors import PlanNotFound, TaskListNotFound, ValueRefused
from tasks_app.models import Attempt, Plan, Task, TaskList, TaskListSnapshot
from tasks_app.rules import given
from tasks_app.rules.actors import Actor
from tasks_app.rules.statuses import UNFINISHED, AttemptStatus, By, TaskStatus
from tasks_app.rules.values import as_metadata, as_reason, check_name, clean_text
from tasks_app.services import events
from tasks_app.services.dependents import CHUNK
from tasks_app.services.ledger import Ledger, open_list


def create(
    title: str,
    *,
    actor: Actor,
    agent: str = "",
    concurrency: int | None = None,
    plan_id: UUID | None = None,
    metadata: Mapping[str, Any] | None = None,
    created_by: User | None = None,
) -> TaskListSnapshot:
    """Make an empty list, not started. Two queries, one more with a plan.

    Raises:
        ValueRefused: no title, a concurrency below 1, or metadata that is not JSON.
        PlanNotFound.
    """
    title = clean_text(" ".join(given.text(title, "The list's title").split()), max_chars=200)
    if not title:
        raise ValueRefused("A task list needs a title.")
    _check_concurrency(concurrency)
    check_name(agent, what="The list's agent", max_chars=100)
    data = as_metadata({} if metadata is None else metadata, what="The list's metadata", max_bytes=conf.max_value_bytes)
    with transaction.atomic():
        if plan_id is not None and not Plan.objects.filter(pk=plan_id).exists():
            raise PlanNotFound(f"There is no plan {plan_id}.")
        row = TaskList(
            title=title,
            agent=agent,
            concurrency=concurrency,
            plan_id=plan_id,
            metadata=data,
            created_by=created_by,
        )
        created = events.draft(row, "list.created", actor=actor, at=timezone.now(), data={"title": title})
        row.save(force_insert=True)
        events.write([created])
    return row.snapshot()


def get(list_id: UUID) -> TaskListSnapshot:
    """The list as it stands. One query.

    Raises:
        TaskListNotFound.
    """
    row = TaskList.objects.filter(pk=list_id).first()
    if row is None:
        raise TaskListNotFound(f"There is no task list {list_id}.")
    return row.snapshot()


def creator_of(list_id: UUID) -> User | None:
    """Whom the list belongs to; None if nobody. One query.

    Raises:
        TaskListNotFound.
    """
    row = TaskList.objects.select_related("created_by").filter(pk=list_id).first()
    if row is None:
        raise TaskListNotFound(f"There is no task list {list_id}.")
    return row.created_by


def start(list_id: UUID, *, actor: Actor) -> TaskListSnapshot:
    """Let the pool serve the list. Starting a started list changes nothing."""
    with open_list(list_id, actor=actor) as ledger:
        if ledger.row.started_at is None:
            ledger.row.started_at = ledger.now
            ledger.note("list.started")
    return ledger.row.snapshot()


def pause(list_id: UUID, *, actor: Actor, reason: str = "person") -> TaskListSnapshot:
    """Claim nothing more from the list until this reason is lifted; running tasks finish. Twice is once."""
    reason = _pause(reason)
    with open_list(list_id, actor=actor) as ledger:
        if reason not in ledger.row.pauses:
            ledger.row.pauses = [*ledger.row.pauses, reason]
            ledger.note("list.paused", data={"reason": reason})
    return ledger.row.snapshot()


def resume(list_id: UUID, *, actor: Actor, reason: str = "person") -> TaskListSnapshot:
    """Lift one reason to pause. Lifting one that does not stand changes nothing."""
    reason = _pause(reason)
    with open_list(list_id, actor=actor) as ledger:
        if reason in ledger.row.pauses:
            ledger.row.pauses = [other for other in ledger.row.pauses if other != reason]
            ledger.note("list.resumed", data={"reason": reason})
    return ledger.row.snapshot()


def set_concurrency(list_id: UUID, concurrency: int | None, *, actor: Actor) -> TaskListSnapshot:
    """Change how many of its tasks run at once; None is the default. Running tasks finish.

    Raises:
        ValueRefused: below 1.
    """
    _check_concurrency(concurrency)
    with open_list(list_id, actor=actor) as ledger:
        if ledger.row.concurrency != concurrency:
            before, ledger.row.concurrency = ledger.row.concurrency, concurrency
            ledger.note("list.changed", data={"concurrency": {"before": before, "after": concurrency}})
    return ledger.row.snapshot()


def discard(list_id: UUID, reason: str, *, actor: Actor) -> TaskListSnapshot:
    """Give the list up: cancel what has not ended, keep what has, refuse every later change.

    Discarding again keeps the first reason. The list is closed in one transaction, its tasks are cancelled in chunks;
    where that is cut short, the sweep goes on with it.
    """
    why = as_reason(reason)
    with open_list(list_id, actor=actor, even_discarded=True) as ledger:
        if ledger.row.discarded_at is None:
            ledger.row.discarded_at = ledger.now
            ledger.row.discard_reason = why
            ledger.note("list.discarded", data={"reason": ledger.row.discard_reason})
    finish_discard(list_id, actor=actor)
    return get(list_id)


def finish_discard(list_id: UUID, *, actor: Actor) -> None:
    """Cancel what a discarded list still holds, a chunk a transaction."""
    while True:
        with open_list(list_id, actor=actor, even_discarded=True) as ledger:
            tasks = list(Task.objects.present().filter(task_list=ledger.row, status__in=UNFINISHED)[:CHUNK])
            if not tasks:
                return
            end_attempts(ledger, tasks, AttemptStatus.CANCELLED)
            ledger.move(tasks, TaskStatus.CANCELLED, by=By.DISCARD, kind="task.cancelled", ended_at=ledger.now)


def end_attempts(ledger: Ledger, tasks: list[Task], status: AttemptStatus, **columns: Any) -> None:
    """End what runs of these tasks from outside; its worker is told, and stops. One query, two if any runs."""
    running = [task.pk for task in tasks if task.status == TaskStatus.IN_PROGRESS]
    if running:
        attempts = Attempt.objects.select_for_update().filter(task__in=running, status=AttemptStatus.RUNNING)
        ledger.end_attempts(list(attempts), status, **columns)


def _pause(reason: str) -> str:
    if not (named := as_reason(reason).strip()):
        raise ValueRefused("A pause needs a reason, by which it is lifted again.")
    return named


def _check_concurrency(concurrency: int | None) -> None:
    if concurrency is not None:
        given.whole(concurrency, "A list's concurrency", least=1, most=100_000)


def lock(list_ids: Collection[UUID]) -> None:
    """Hold several lists' rows until the transaction ends, taken in the order that nobody deadlocks in. One query."""
    list(TaskList.objects.select_for_update().filter(pk__in=list_ids).order_by("pk").values_list("pk"))


def any_runnable() -> bool:
    """Whether some list has pending tasks and room to run one. One query."""
    return TaskList.objects.runnable().exists()


def can_go_on(list_id: UUID) -> bool:
    """Whether some task of the list runs, or will be claimable without anybody's doing. One query, one snapshot.

    What is paused, awaits approval, is behind such, or has no agent waits for a person. A discarded list goes on
    until all of it is cancelled.
    """
    runs = Q(in_progress__gt=0)
    dissolves = Q(discarded_at__isnull=False) & (Q(pending__gt=0) | Q(awaiting_approval__gt=0))
    startable = Q(Exists(Task.objects.unblocked().filter(task_list=list_id)))
    waits = Q(discarded_at__isnull=True, pauses=[], pending__gt=0) & startable
    return TaskList.objects.filter(runs | dissolves | waits, pk=list_id).exists()
