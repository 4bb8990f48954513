"""Tasks: add, look at, remove.

What a worker does to its own task is in claims; what others do to it in approvals, interventions and edits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from tasks_app.conf import conf
from tasks_app.errors import (
    DependencyRefused,
    DuplicateTaskId,
    IllegalTransition,
    TaskNotFound,
    ValueRefused,
)
from tasks_app.models import Attempt, AttemptSnapshot, Dependency, Task, TaskSnapshot
from tasks_app.rules import given
from tasks_app.rules.actors import Actor
from tasks_app.rules.given import shown
from tasks_app.rules.statuses import By, TaskStatus, check_touch
from tasks_app.rules.task_values import CHECKED, checked
from tasks_app.rules.values import is_id
from tasks_app.services import dependencies, task_lists
from tasks_app.services.dependents import chunks
from tasks_app.services.ledger import Ledger, open_list


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task to add. `id` is the caller's: 1 to 200 characters, unique in its list for ever.

    `depends_on` and `parent` are ids of the same list, or of the same batch.
    """

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
    parent: str = ""


def add_many(list_id: UUID, new: Sequence[NewTask], *, actor: Actor) -> list[TaskSnapshot]:
    """Add tasks in order, all or none. A constant number of queries for each 500.

    Raises:
        DuplicateTaskId, DependencyRefused, ValueRefused, TaskListNotFound, TaskListDiscarded.
    """
    if len(new) > conf.max_batch_tasks:
        raise ValueRefused(f"{len(new):,} tasks at once; at most {conf.max_batch_tasks:,} (CRUX_MAX_BATCH_TASKS).")
    drafts = [_draft(task) for task in new]
    _check_ids(new)
    depends_on = {task.id: list(dict.fromkeys(task.depends_on)) for task in new}
    parents = {task.id: task.parent for task in new if task.parent}
    dependencies.check_circles(depends_on)
    with open_list(list_id, actor=actor) as ledger:
        _check_free(ledger, depends_on)
        named = {key for keys in depends_on.values() for key in keys} | set(parents.values())
        known = dependencies.known(ledger.row, named - depends_on.keys())
        there = known.keys() | depends_on.keys()
        for key, on in depends_on.items():
            dependencies.check_known(key, on, there)
        dependencies.check_parents(parents, there)
        position = sum(ledger.row.counts.values()) + ledger.row.removed
        for offset, task in enumerate(drafts, start=1):
            task.task_list, task.position, task.moved_at = ledger.row, position + offset, ledger.now
        rows = Task.objects.bulk_create(drafts, batch_size=500)
        pks = known | {task.key: task.pk for task in rows}
        if parents:
            _set_parents(rows, parents, pks)
        edges = [Dependency(task=row, on_id=pks[key]) for row in rows for key in depends_on[row.key]]
        Dependency.objects.bulk_create(edges, batch_size=500)
        ledger.count_added(rows, lambda task: {"label": task.label, "depends_on": depends_on[task.key]})
        if edges:
            ledger.row.has_dependencies = True
            ledger.rederive(known.values())
    return [task.snapshot() for task in rows]


def get(list_id: UUID, task_id: str) -> TaskSnapshot:
    """A task as it stands. One query.

    Raises:
        TaskNotFound: there is none, or it was removed.
    """
    return find(list_id, task_id).snapshot()


def all_of(list_id: UUID) -> list[TaskSnapshot]:
    """The tasks of a list, by position. One query, one more if it has none.

    Raises:
        TaskListNotFound.
    """
    return _read(list_id, Task.objects.present().filter(task_list=list_id))


def window(list_id: UUID, *, status: str | None, after: int, limit: int) -> list[TaskSnapshot]:
    """At most `limit` tasks of a list past the position `after`, by position; of one status, or with None of any.

    One query, one more if there are none.

    Raises:
        TaskListNotFound.
    """
    rows = Task.objects.present().filter(task_list=list_id, position__gt=after)
    return _read(list_id, rows.filter(status=status) if status else rows, limit)


def without_agent(list_id: UUID) -> list[str]:
    """The ids of pending tasks that nobody is named for, by them or by the list; the first 5. One query."""
    rows = Task.objects.present().filter(task_list=list_id, task_list__agent="", agent="", status=TaskStatus.PENDING)
    return list(rows.order_by("position").values_list("key", flat=True)[:5])


def attempts_of(list_id: UUID, task_id: str) -> list[AttemptSnapshot]:
    """All attempts at a task, oldest first. Two queries."""
    task = find(list_id, task_id)
    return [attempt.snapshot() for attempt in Attempt.objects.filter(task=task).order_by("number")]


def remove(list_id: UUID, task_id: str, *, actor: Actor, by: By = By.PERSON) -> None:
    """Take a task off the list; its id stays taken, its events stay.

    Raises:
        TaskNotFound.
        IllegalTransition: it runs; cancel it first. Or it is not for `by` to touch.
        DependencyRefused: others depend on it; they are named.
    """
    with open_list(list_id, actor=actor) as ledger:
        task = find(list_id, task_id)
        check_touch(task.key, task.status, by)
        if task.status == TaskStatus.IN_PROGRESS:
            raise IllegalTransition(f"Task {task_id!r} is in progress; cancel it first.", status=task.status)
        dependents = Task.objects.present().filter(dependencies__on=task).order_by("position")
        behind = dependents.values_list("key", flat=True)[:5]
        if behind:
            names = ", ".join(map(repr, behind))
            raise DependencyRefused(f"Task {task_id!r} cannot be removed: {names} depend on it.")
        ledger.count_removed(task)
        Task.objects.filter(pk=task.pk).update(removed_at=ledger.now, last_seq=ledger.row.last_seq)


def find(list_id: UUID, task_id: str) -> Task:
    """The row of a task that is there, for the services. One query.

    Raises:
        TaskNotFound: there is none, or it was removed.
    """
    rows = Task.objects.present().filter(task_list=list_id, key=task_id) if is_id(task_id) else Task.objects.none()
    task = rows.first()
    if task is None:
        raise TaskNotFound(f"The list has no task {shown(task_id)}.")
    return task


def _read(list_id: UUID, rows: QuerySet[Task], limit: int | None = None) -> list[TaskSnapshot]:
    found = [task.snapshot() for task in rows.order_by("position")[:limit]]
    if not found:
        task_lists.get(list_id)
    return found


def _draft(new: NewTask) -> Task:
    if not is_id(new.id):
        raise ValueRefused(f"A task's id is 1 to 200 characters without blanks at its ends, not {shown(new.id)}.")
    values = checked(new.id, {name: getattr(new, name) for name in CHECKED})
    waiting_for = len(set(new.depends_on))
    gated = given.yes_or_no(new.requires_approval, f"The requires_approval of task {new.id!r}")
    return Task(key=new.id, requires_approval=gated, waiting_for=waiting_for, **values)


def _check_ids(new: Sequence[NewTask]) -> None:
    twice = [task_id for task_id, times in Counter(task.id for task in new).items() if times > 1]
    if twice:
        raise DuplicateTaskId(f"Task id {twice[0]!r} is given twice in one batch; ids are unique in a list.")


def _check_free(ledger: Ledger, ids: Collection[str]) -> None:
    for chunk in chunks(ids):
        taken = Task.objects.filter(task_list=ledger.row, key__in=chunk).values_list("key", flat=True).first()
        if taken is not None:
            raise DuplicateTaskId(f"Task id {taken!r} is taken in this list; ids are unique for ever.")


def _set_parents(rows: Sequence[Task], parents: Mapping[str, str], pks: Mapping[str, int]) -> None:
    below = [row for row in rows if row.key in parents]
    for row in below:
        row.parent_id = pks[parents[row.key]]
    Task.objects.bulk_update(below, ["parent"], batch_size=500)
