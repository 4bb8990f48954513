"""Attempts: each try at a task, never overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q

from tasks_app.models.columns import choices, new_id
from tasks_app.models.task import MOVE_COLUMNS, Task
from tasks_app.models.worker import Worker
from tasks_app.rules.statuses import AttemptStatus


@dataclass(frozen=True, slots=True)
class AttemptSnapshot:
    """One try at a task as it stood when read. `worker` is `host:pid`, or empty."""

    id: UUID
    number: int
    status: str
    worker: str
    agent: str
    model: str
    result: Any
    error: str
    tokens: int
    cost: Decimal | None
    started_at: datetime
    ended_at: datetime | None
    stopped_at: datetime | None

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None


class AttemptQuerySet(models.QuerySet["Attempt"]):
    """Questions asked more than once."""

    def with_task(self) -> AttemptQuerySet:
        """With the columns of the attempt and its task that a move needs, and no more: values may be large."""
        own = ("number", "status", "task", "worker", "worker_name", "input_tokens", "output_tokens", "cost")
        return self.select_related("task").only(*own, *(f"task__{name}" for name in MOVE_COLUMNS))


class Attempt(models.Model):
    """One try at a task, and the fence of its worker: every write of a worker names its attempt.

    `ended_at` is when its task moved on; `stopped_at` when its worker has let go of it, which may be later.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=choices(AttemptStatus), default=AttemptStatus.RUNNING)
    worker = models.ForeignKey(Worker, null=True, blank=True, on_delete=models.SET_NULL, related_name="attempts")
    worker_name = models.CharField(max_length=300, blank=True, default="")
    agent = models.CharField(max_length=100, blank=True, default="")
    model = models.CharField(max_length=200, blank=True, default="")
    result = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cost = models.DecimalField(max_digits=16, decimal_places=8, null=True, blank=True, help_text="USD")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="one_attempt_a_number"),
            models.UniqueConstraint(
                fields=["task"],
                name="one_open_attempt_a_task",
                condition=Q(status=AttemptStatus.RUNNING.value),
            ),
            models.CheckConstraint(
                condition=Q(status="running", ended_at__isnull=True)
                | (~Q(status="running") & Q(ended_at__isnull=False)),
                name="attempt_ended_unless_running",
            ),
        ]
        indexes = [
            models.Index(fields=["worker"], name="attempts_held", condition=Q(stopped_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}"

    def snapshot(self) -> AttemptSnapshot:
        """This row, frozen; reads nothing more."""
        return AttemptSnapshot(
            id=self.pk,
            number=self.number,
            status=str(self.status),
            worker=self.worker_name,
            agent=self.agent,
            model=self.model,
            result=self.result,
            error=self.error,
            tokens=self.input_tokens + self.output_tokens,
            cost=self.cost,
            started_at=self.started_at,
            ended_at=self.ended_at,
            stopped_at=self.stopped_at,
        )
