"""Tasks: add, look at, retry, cancel, skip, remove. What a worker does to its own task is in claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tasks_app.conf import conf
from tasks_app.errors import (
    DependencyRefused,
    DuplicateTaskId,
    IllegalTransition,
    TaskNotFound,
    ValueRefused,
)
from tasks_app.models import Attempt, AttemptSnapshot, Dependency, Task, TaskSnapshot
from tasks_app.rules.actors import Actor
from tasks_app.rules.graph import find_cycle
from tasks_app.rules.statuses import FINAL, By, TaskStatus, check_move, words
from tasks_app.rules.values import as_json, check_name, clean_text, is_id
from tasks_app.services.dependents import chunks, standings
from tasks_app.services.ledger import Ledger, open_list
from tasks_app.services.task_lists import cancel_attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task to add. `id` is the caller's: 1 to 200 characters, unique in its list for ever."""

    id: str
    label: str = ""
    description: str = ""
    input: Any = None
    agent: str = ""
    model: str = ""
    depends_on: Sequence[str] = ()
    priority: int = 0
    max_attempts: int = 1
    not_before: datetime | None = None
    requires_approval: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)


def add_many(list_id: UUID, new: Sequence[NewTask], *, actor: Actor) -> list[TaskSnapshot]:
    """Add tasks in order, all or none. A constant number of queries for each 500.

    Raises:
        DuplicateTaskId, DependencyRefused, ValueRefused, TaskListNotFound, TaskListDiscarded.
    """
    if len(new) > conf.max_batch_tasks:
        raise ValueRefused(f"{len(new):,} tasks at once; at most {conf.max_batch_tasks:,} (CRUX_MAX_BATCH_TASKS).")
    drafts = [_draft(task) for task in new]
    _check_ids(new)
    _check_cycles(new)
    with open_list(list_id, actor=actor) as ledger:
        known = _existing(ledger, new)
        position = sum(ledger.row.counts.values()) + ledger.row.removed
        for offset, task in enumerate(drafts, start=1):
            task.task_list, task.position, task.moved_at = ledger.row, position + offset, ledger.now
        rows = Task.objects.bulk_create(drafts, batch_size=500)
        known |= {task.key: task.pk for task in rows}
        depends_on = {task.id: list(dict.fromkeys(task.depends_on)) for task in new}
        edges = [Dependency(task=row, on_id=known[key]) for row in rows for key in depends_on[row.key]]
        Dependency.objects.bulk_create(edges, batch_size=500)
        ledger.count_added(rows, lambda task: {"label": task.label, "depends_on": depends_on[task.key]})
        if edges:
            ledger.row.has_dependencies = True
            ledger.rederive([known[key] for key in known.keys() - depends_on.keys()])
    return [task.snapshot() for task in rows]


def get(list_id: UUID, task_id: str) -> TaskSnapshot:
    """A task as it stands. One query.

    Raises:
        TaskNotFound: there is none, or it was removed.
    """
    return find(list_id, task_id).snapshot()


def without_agent(list_id: UUID) -> list[str]:
    """The ids of pending tasks that nobody works on: neither they nor the list name an agent. At most 5; one query."""
    rows = Task.objects.present().filter(task_list=list_id, task_list__agent="", agent="", status=TaskStatus.PENDING)
    return list(rows.order_by("position").values_list("key", flat=True)[:5])


def attempts_of(list_id: UUID, task_id: str) -> list[AttemptSnapshot]:
    """All attempts at a task, oldest first. Two queries."""
    task = find(list_id, task_id)
    return [attempt.snapshot() for attempt in Attempt.objects.filter(task=task).order_by("number")]


def retry(list_id: UUID, task_id: str, *, actor: Actor, by: By = By.PERSON, reason: str = "") -> TaskSnapshot:
    """Run a task that has ended again, as a new attempt; the old ones stay on record.

    Raises:
        TaskNotFound, IllegalTransition: it has not ended.
        DependencyRefused: one it depends on stands failed; retry that one.
    """
    with _opened(list_id, task_id, actor) as (ledger, task):
        if task.status not in FINAL:
            state = words(task.status)
            raise IllegalTransition(f"Task {task_id!r} is {state}; only one that has ended is retried.", status=state)
        standing = standings([task.pk])[task.pk] if ledger.row.has_dependencies else None
        if standing and standing.barred_by:
            raise DependencyRefused(f"Task {task_id!r} cannot run: {standing.reason}; retry {standing.barred_by!r}.")
        ledger.move(
            [task],
            TaskStatus.PENDING,
            by=by,
            kind="task.retried",
            data=_because(reason),
            waiting_for=standing.waiting_for if standing else 0,
            failed_count=0,
            abandoned_count=0,
            not_before=None,
            result=None,
            headline="",
            feedback=task.error or task.feedback,
            error="",
            progress="",
            skip_reason="",
            skipped_by_dependency=False,
            ended_at=None,
        )
    return task.snapshot()


def cancel(list_id: UUID, task_id: str, *, actor: Actor, by: By = By.PERSON, reason: str = "") -> TaskSnapshot:
    """End a task that has not ended. If it runs, its attempt is fenced at once and its worker is told to stop.

    Raises:
        TaskNotFound, IllegalTransition.
    """
    with _opened(list_id, task_id, actor) as (ledger, task):
        _end(ledger, task, TaskStatus.CANCELLED, by, "task.cancelled", reason)
    return task.snapshot()


def skip(list_id: UUID, task_id: str, *, actor: Actor, by: By = By.PERSON, reason: str = "") -> TaskSnapshot:
    """Pass over a task that has not ended: those behind it may run as if it were done.

    Raises:
        TaskNotFound, IllegalTransition.
    """
    with _opened(list_id, task_id, actor) as (ledger, task):
        _end(
            ledger,
            task,
            TaskStatus.SKIPPED,
            by,
            "task.skipped",
            reason,
            skip_reason=clean_text(reason, max_chars=500),
        )
    return task.snapshot()


def remove(list_id: UUID, task_id: str, *, actor: Actor) -> None:
    """Take a task off the list; its id stays taken, its events stay.

    Raises:
        TaskNotFound.
        IllegalTransition: it runs; cancel it first.
        DependencyRefused: others depend on it; they are named.
    """
    with _opened(list_id, task_id, actor) as (ledger, task):
        if task.status == TaskStatus.IN_PROGRESS:
            raise IllegalTransition(f"Task {task_id!r} is in progress; cancel it first.", status=task.status)
        behind = Task.objects.present().filter(dependencies__on=task).values_list("key", flat=True)[:5]
        if behind:
            names = ", ".join(map(repr, behind))
            raise DependencyRefused(f"Task {task_id!r} cannot be removed: {names} depend on it.")
        ledger.count_removed(task)
        Task.objects.filter(pk=task.pk).update(removed_at=ledger.now, last_seq=ledger.row.last_seq)


def _end(ledger: Ledger, task: Task, to: TaskStatus, by: By, kind: str, reason: str, **columns: Any) -> None:
    check_move(task.key, task.status, to, by)
    cancel_attempts(ledger, [task])
    ledger.move(
        [task],
        to,
        by=by,
        kind=kind,
        data=_because(reason),
        ended_at=ledger.now,
        not_before=None,
        skipped_by_dependency=False,
        **columns,
    )


@contextmanager
def _opened(list_id: UUID, task_id: str, actor: Actor) -> Iterator[tuple[Ledger, Task]]:
    with open_list(list_id, actor=actor) as ledger:
        yield ledger, find(list_id, task_id)


def find(list_id: UUID, task_id: str) -> Task:
    """The row of a task that is there, for the services. One query.

    Raises:
        TaskNotFound: there is none, or it was removed.
    """
    task = Task.objects.present().filter(task_list=list_id, key=task_id).first()
    if task is None:
        raise TaskNotFound(f"The list has no task {task_id!r}.")
    return task


def _because(reason: str) -> Callable[[Task], dict[str, str]] | None:
    return (lambda _: {"reason": reason}) if reason else None


def _draft(new: NewTask) -> Task:
    what = f"of task {new.id!r}"
    if not is_id(new.id):
        raise ValueRefused(f"A task's id is 1 to 200 characters without blanks at its ends, not {new.id[:220]!r}.")
    if not 1 <= new.max_attempts <= 1_000_000:
        raise ValueRefused(f"The max_attempts {what} is {new.max_attempts:,}; it is from 1 to 1,000,000.")
    if not -(2**31) <= new.priority < 2**31:
        raise ValueRefused(f"The priority {what} is out of bounds.")
    return Task(
        key=new.id,
        label=clean_text(" ".join(new.label.split()) or new.id, max_chars=300),
        description=clean_text(new.description),
        input=as_json(new.input, what=f"The input {what}", max_bytes=conf.max_value_bytes),
        agent=check_name(new.agent, what=f"The agent {what}", max_chars=100),
        model=check_name(new.model, what=f"The model {what}", max_chars=200),
        priority=new.priority,
        max_attempts=new.max_attempts,
        not_before=new.not_before,
        requires_approval=new.requires_approval,
        metadata=as_json(dict(new.metadata), what=f"The metadata {what}", max_bytes=conf.max_value_bytes),
        waiting_for=len(set(new.depends_on)),
    )


def _check_ids(new: Sequence[NewTask]) -> None:
    twice = [task_id for task_id, times in Counter(task.id for task in new).items() if times > 1]
    if twice:
        raise DuplicateTaskId(f"Task id {twice[0]!r} is given twice in one batch; ids are unique in a list.")


def _check_cycles(new: Sequence[NewTask]) -> None:
    cycle = find_cycle({task.id: task.depends_on for task in new})
    if len(cycle) == 2:
        raise DependencyRefused(f"Task {cycle[0]!r} depends on itself.")
    if cycle:
        raise DependencyRefused(f"The dependencies go in a circle: {' → '.join(map(repr, cycle))}.")


def _existing(ledger: Ledger, new: Sequence[NewTask]) -> dict[str, int]:
    """The pks of existing tasks that the new ones depend on; refuses ids that are taken or unknown."""
    ids = {task.id for task in new}
    rows = Task.objects.filter(task_list=ledger.row)
    for chunk in chunks(ids):
        taken = rows.filter(key__in=chunk).values_list("key", flat=True).first()
        if taken is not None:
            raise DuplicateTaskId(f"Task id {taken!r} is taken in this list; ids are unique for ever.")
    wanted = {key for task in new for key in task.depends_on} - ids
    known: dict[str, int] = {}
    for chunk in chunks(wanted):
        known |= dict(rows.present().filter(key__in=chunk).values_list("key", "pk"))
    for task in new:
        for key in task.depends_on:
            if key not in known and key not in ids:
                raise DependencyRefused(f"Task {task.id!r} depends on {key!r}, which the list does not have.")
    return known
