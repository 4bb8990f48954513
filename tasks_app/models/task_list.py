"""Task lists: a batch of work, its counters and what holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from tasks_app.conf import conf
from tasks_app.models.columns import Owner, choices
from tasks_app.models.plan import Plan
from tasks_app.rules.statuses import ListStatus, TaskStatus


@dataclass(frozen=True, slots=True)
class TaskListSnapshot:
    """A list as it stood when read. `counts` has one entry a task status; `removed` are not in it."""

    id: UUID
    title: str
    status: str
    counts: Mapping[str, int]
    removed: int
    agent: str
    concurrency: int
    plan_id: UUID | None
    metadata: dict[str, Any]
    pauses: tuple[str, ...]
    discard_reason: str
    tokens: int
    cost: Decimal | None
    seq: int
    first_seq: int
    created_by_id: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    completed_at: datetime | None
    discarded_at: datetime | None

    @property
    def total(self) -> int:
        """Tasks that were added and not removed."""
        return sum(self.counts.values())

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.finished_at is not None


class TaskListQuerySet(models.QuerySet["TaskList"]):
    """Questions asked more than once."""

    def runnable(self) -> TaskListQuerySet:
        """Lists the pool serves, that have pending tasks and room for one more; an index of started lists serves it."""
        return self.filter(
            started_at__isnull=False,
            finished_at__isnull=True,
            pauses=[],
            pending__gt=0,
            discarded_at__isnull=True,
        ).filter(
            Q(concurrency__isnull=True, in_progress__lt=conf.list_concurrency) | Q(in_progress__lt=F("concurrency"))
        )


class TaskList(Owner):
    """A list of tasks. Status, counters and pauses are written by services alone."""

    topic_prefix = "list"

    title = models.CharField(max_length=200)
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.SET_NULL, related_name="task_lists")
    metadata = models.JSONField(default=dict, blank=True)
    agent = models.CharField(max_length=100, blank=True, default="", help_text="for tasks that name none")
    concurrency = models.PositiveIntegerField(null=True, blank=True, help_text="tasks at once; empty: the default")
    status = models.CharField(max_length=20, choices=choices(ListStatus), default=ListStatus.PENDING)
    pauses = models.JSONField(default=list, blank=True, help_text="reasons; while there is one, nothing is claimed")

    pending = models.PositiveIntegerField(default=0)
    in_progress = models.PositiveIntegerField(default=0)
    awaiting_approval = models.PositiveIntegerField(default=0)
    completed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    has_dependencies = models.BooleanField(default=False)
    tokens = models.BigIntegerField(default=0)
    cost = models.DecimalField(max_digits=16, decimal_places=8, null=True, blank=True, help_text="USD")

    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    discarded_at = models.DateTimeField(null=True, blank=True)
    discard_reason = models.CharField(max_length=500, blank=True, default="")

    objects = TaskListQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="lists_newest"),
            models.Index(
                fields=["id"],
                name="lists_open",
                condition=Q(started_at__isnull=False, finished_at__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in ListStatus]), name="list_status_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def counts(self) -> dict[str, int]:
        """The counters, one a task status."""
        return {status.value: getattr(self, status.value) for status in TaskStatus}

    def snapshot(self) -> TaskListSnapshot:
        """This row, frozen."""
        return TaskListSnapshot(
            id=self.pk,
            title=self.title,
            status=str(self.status),
            counts=self.counts,
            removed=self.removed,
            agent=self.agent,
            concurrency=conf.list_concurrency if self.concurrency is None else self.concurrency,
            plan_id=self.plan_id,
            metadata=self.metadata,
            pauses=tuple(self.pauses),
            discard_reason=self.discard_reason,
            tokens=self.tokens,
            cost=self.cost,
            seq=self.last_seq,
            first_seq=self.first_seq,
            created_by_id=self.created_by_id,
            created_at=self.created_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
            completed_at=self.completed_at,
            discarded_at=self.discarded_at,
        )
