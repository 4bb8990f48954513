"""One list's books: the only place where a task's status, a list's counters and their events change.

    with open_list(list_id, actor=actor) as ledger:     # a transaction; the list's row is locked first
        ledger.move(tasks, TaskStatus.CANCELLED, by=By.PERSON, kind="task.cancelled")
                                                        # at the end: dependents, list status, events, the row, once

Each move is: look it up in the table, swap with a conditional update, count it, draft its event. The list's row is
locked before anything is read, so two workers that finish the last two tasks at once see each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from tasks_app.errors import IllegalTransition, TaskListDiscarded, TaskListNotFound
from tasks_app.models import Attempt, Event, Task, TaskList
from tasks_app.rules.actors import ENGINE, Actor
from tasks_app.rules.statuses import AttemptStatus, By, TaskStatus, check_move, is_finished, list_status
from tasks_app.services import dependents, events

TaskData = Callable[[Task], Mapping[str, Any]]


@contextmanager
def open_list(list_id: UUID, *, actor: Actor, even_discarded: bool = False) -> Iterator[Ledger]:
    """The books of one list, in a transaction that holds its row. Two queries, and two more if events were noted.

    Raises:
        TaskListNotFound, TaskListDiscarded.
    """
    with transaction.atomic():
        try:
            row = TaskList.objects.select_for_update(of=("self",)).get(pk=list_id)
        except TaskList.DoesNotExist:
            raise TaskListNotFound(f"There is no task list {list_id}.") from None
        if row.discarded_at and not even_discarded:
            raise TaskListDiscarded(f"Task list {row.title!r} was discarded; make a new list for more work.")
        ledger = Ledger(row, actor)
        yield ledger
        ledger.close()


class Ledger:
    """The open books of one list. `row` is its locked row, `now` the time of all that happens in them."""

    def __init__(self, row: TaskList, actor: Actor) -> None:
        self.row = row
        self.actor = actor
        self.now = timezone.now()
        self._drafts: list[Event] = []
        self._moved: dict[int, Task | None] = {}  # None: not read, it is looked at for what is behind it
        self._returned: list[Task] = []  # they ran, and what they depend on may have moved meanwhile
        self._counted: Event | None = None
        self._before = dict(row.__dict__)

    def move(
        self,
        tasks: Sequence[Task],
        to: TaskStatus,
        *,
        by: By,
        kind: str,
        data: TaskData | None = None,
        actor: Actor | None = None,
        **columns: Any,
    ) -> None:
        """Move tasks of this list, and set more of their columns with it. One query for each status they come from.

        Raises:
            IllegalTransition: the table has no such move for one of them; nothing is written.
        """
        for task in tasks:
            check_move(task.key, task.status, to, by)
        columns |= {"status": to, "moved_at": self.now}
        by_status = sorted(tasks, key=lambda task: str(task.status))
        for old, group in groupby(by_status, key=lambda task: str(task.status)):
            batch = sorted(group, key=lambda task: task.position)
            for task in batch:
                self._counted = self.note(kind, task=task, data=data(task) if data else None, actor=actor)
            for chunk in dependents.chunks(batch):
                self._swap(chunk, old, columns)
            setattr(self.row, old, getattr(self.row, old) - len(batch))
            setattr(self.row, to, getattr(self.row, to) + len(batch))
            if (old, to) == (TaskStatus.IN_PROGRESS, TaskStatus.PENDING):
                self._returned += batch
        for task in tasks:
            for name, value in columns.items():
                if not hasattr(value, "resolve_expression"):
                    setattr(task, name, value)
            task.last_seq = self.row.last_seq
            self._moved[task.pk] = task

    def _swap(self, batch: Sequence[Task], old: str, columns: Mapping[str, Any]) -> None:
        rows = Task.objects.filter(pk__in=[task.pk for task in batch], status=old, removed_at__isnull=True)
        if rows.update(**columns, last_seq=self.row.last_seq) != len(batch):
            names = ", ".join(repr(task.key) for task in batch[:3])
            raise IllegalTransition(f"Task {names} moved meanwhile; look again.", status=old)

    def count_added(self, tasks: Sequence[Task], data: TaskData) -> None:
        """Count tasks that were just inserted as pending, each with its event."""
        for task in tasks:
            self._counted = self.note("task.added", task=task, data=data(task))
        self.row.pending += len(tasks)
        self._moved.update({task.pk: task for task in tasks})

    def count_removed(self, task: Task) -> None:
        """Count a task that was just marked removed, with its event."""
        setattr(self.row, task.status, getattr(self.row, task.status) - 1)
        self.row.removed += 1
        self._counted = self.note("task.removed", task=task)

    def rederive(self, task_ids: Iterable[int]) -> None:
        """Look at what is behind these tasks when the books close, though they did not move."""
        self._moved |= {pk: None for pk in task_ids if pk not in self._moved}

    def change(self, task: Task, data: Mapping[str, Any], **columns: Any) -> None:
        """Set columns of a task that say nothing of its status, with the event; its gate is looked at. One query."""
        self.note("task.changed", task=task, data=data)
        columns |= {"last_seq": self.row.last_seq}
        Task.objects.filter(pk=task.pk).update(**columns)
        for name, value in columns.items():
            setattr(task, name, value)
        self._moved[task.pk] = task

    def note(
        self,
        kind: str,
        *,
        task: Task | None = None,
        data: Mapping[str, Any] | None = None,
        actor: Actor | None = None,
    ) -> Event:
        """Draft an event; it is written when the books close."""
        event = events.draft(
            self.row, kind, actor=actor or self.actor, at=self.now, task=task.key if task else None, data=data
        )
        self._drafts.append(event)
        return event

    def end_attempts(self, attempts: Sequence[Attempt], status: AttemptStatus, **columns: Any) -> None:
        """End open attempts and add what they used to their tasks and the list. One query, and one for each that used.

        The caller has locked their rows, so that no usage is recorded in between and lost.
        """
        for chunk in dependents.chunks(attempts):
            rows = Attempt.objects.filter(pk__in=[attempt.pk for attempt in chunk], status=AttemptStatus.RUNNING)
            if rows.update(status=status, ended_at=self.now, **columns) != len(chunk):
                raise IllegalTransition("An attempt ended meanwhile; look again.", status=str(status))
        for attempt in attempts:
            if used := self.usage_of(attempt):
                Task.objects.filter(pk=attempt.task_id).update(**used)

    def end_attempt(self, attempt: Attempt, status: AttemptStatus, **columns: Any) -> dict[str, Any]:
        """End one, as `end_attempts` does; returns what its task's own update is to add. One query."""
        rows = Attempt.objects.filter(pk=attempt.pk, status=AttemptStatus.RUNNING)
        if not rows.update(status=status, ended_at=self.now, **columns):
            raise IllegalTransition("The attempt ended meanwhile; look again.", status=str(status))
        return self.usage_of(attempt)

    def usage_of(self, attempt: Attempt) -> dict[str, Any]:
        """Add an attempt's tokens and USD to the list; returns the columns that add them to its task."""
        used: dict[str, Any] = {}
        if tokens := attempt.input_tokens + attempt.output_tokens:
            self.row.tokens += tokens
            used["tokens"] = F("tokens") + tokens
        if attempt.cost is not None:
            self.row.cost = (self.row.cost or Decimal(0)) + attempt.cost
            used["cost"] = Coalesce(F("cost"), Decimal(0)) + attempt.cost
        return used

    def close(self) -> None:
        """Settle dependents, gates and the list's status, then write the row and the events."""
        if self._moved and self.row.discarded_at is None:
            if self.row.has_dependencies:
                self._settle_dependents()
            self._settle_gates()
        self._settle_list()
        if self._counted is not None:
            self._counted.data["list"] = {"status": str(self.row.status), "counts": self.row.counts}
        changed = {name: value for name, value in self.row.__dict__.items() if self._before.get(name) != value}
        if changed:
            TaskList.objects.filter(pk=self.row.pk).update(**changed, updated_at=self.now)
        if self._drafts:
            events.write(self._drafts)

    def _settle_dependents(self) -> None:
        """Skip what can never run, free what can again, to a fixed point; each level costs a few queries."""
        frontier, returned = list(self._moved), self._returned
        while frontier:
            changed: list[int] = []
            for row, standing in dependents.behind(frontier, and_also=returned):
                task = self._moved.get(row.pk) or row  # one object a task: callers hold some, and tell of them
                if task.waiting_for != standing.waiting_for:
                    task.waiting_for = standing.waiting_for
                    Task.objects.filter(pk=task.pk).update(waiting_for=standing.waiting_for)
                if standing.barred_by and task.status != TaskStatus.SKIPPED:
                    self._skip_behind(task, standing.reason)
                elif not standing.barred_by and task.skipped_by_dependency:
                    self._free(task)
                elif task.status == TaskStatus.PENDING:
                    self._moved[task.pk] = task  # its gate may stand now
                    continue
                else:
                    continue
                changed.append(task.pk)
            frontier, returned = changed, []

    def _skip_behind(self, task: Task, reason: str) -> None:
        self.move(
            [task],
            TaskStatus.SKIPPED,
            by=By.ENGINE,
            kind="task.skipped",
            actor=ENGINE,
            data=lambda _: {"reason": reason, "dependency": True},
            skipped_by_dependency=True,
            skip_reason=reason,
            ended_at=self.now,
        )

    def _free(self, task: Task) -> None:
        self.move(
            [task],
            TaskStatus.PENDING,
            by=By.ENGINE,
            kind="task.retried",
            actor=ENGINE,
            data=lambda _: {"reason": "what it depends on runs again"},
            skipped_by_dependency=False,
            skip_reason="",
            ended_at=None,
        )

    def _settle_gates(self) -> None:
        gated = [
            task
            for task in self._moved.values()
            if task is not None
            and task.requires_approval
            and task.status == TaskStatus.PENDING
            and task.approved_at is None
            and task.waiting_for == 0
        ]
        if gated:
            self.move(gated, TaskStatus.AWAITING_APPROVAL, by=By.ENGINE, kind="task.awaiting_approval", actor=ENGINE)

    def _settle_list(self) -> None:
        row, discarded = self.row, self.row.discarded_at is not None
        row.status = list_status(row.counts, removed=row.removed, discarded=discarded)
        finished = is_finished(row.counts, removed=row.removed, discarded=discarded)
        if row.status != "completed":
            row.completed_at = None
        elif row.completed_at is None:
            row.completed_at = self.now
        if finished and row.finished_at is None:
            row.finished_at = self.now
            self.note("list.finished", actor=ENGINE, data={"status": str(row.status), "counts": row.counts})
        elif not finished:
            row.finished_at = None
