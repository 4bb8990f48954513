"""Tasks and what they wait for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q

from tasks_app.models.columns import choices
from tasks_app.models.task_list import TaskList
from tasks_app.rules.statuses import TaskStatus

MOVE_COLUMNS = (  # what the services must know of a task to move it
    "task_list", "key", "position", "status", "requires_approval", "approved_at", "waiting_for", "max_attempts",
    "failed_count", "abandoned_count", "last_seq", "skipped_by_dependency",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TaskSnapshot:
    """A task as it stood when read. `id` is the caller's, `pk` the row's; `attempt` counts the tries so far."""

    id: str
    pk: int
    list_id: UUID
    position: int
    label: str
    description: str
    input: Any
    status: str
    agent: str
    model: str
    priority: int
    max_attempts: int
    not_before: datetime | None
    requires_approval: bool
    metadata: dict[str, Any]
    progress: str
    result: Any
    error: str
    feedback: str
    skip_reason: str
    waiting_for: int
    attempt: int
    tokens: int
    cost: Decimal | None
    seq: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class TaskQuerySet(models.QuerySet["Task"]):
    """Questions asked more than once."""

    def present(self) -> TaskQuerySet:
        """All but the removed."""
        return self.filter(removed_at__isnull=True)

    def unblocked(self) -> TaskQuerySet:
        """Pending, behind nothing, and routed to some agent: claimable, or so when their time comes.

        Served by the index `tasks_claimable`, whatever the list's size.
        """
        return self.filter(status=TaskStatus.PENDING, waiting_for=0, removed_at__isnull=True).filter(
            ~Q(agent="") | ~Q(task_list__agent="")
        )

    def claimable(self, now: datetime) -> TaskQuerySet:
        """The unblocked that are due, in the order they are claimed."""
        due = self.unblocked().filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        return due.order_by("-priority", "position")


class Task(models.Model):
    """One piece of work. Status and all that follows from it are written by services alone."""

    task_list = models.ForeignKey(TaskList, on_delete=models.CASCADE, related_name="tasks")
    key = models.CharField(max_length=200, verbose_name="id", help_text="the caller's; unique in its list for ever")
    position = models.PositiveIntegerField(help_text="dense, from 1, in the order of adding")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children")
    label = models.CharField(max_length=300)
    description = models.TextField(blank=True, default="")
    input = models.JSONField(null=True, blank=True)
    agent = models.CharField(max_length=100, blank=True, default="")
    model = models.CharField(max_length=200, blank=True, default="")
    priority = models.IntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=1)
    not_before = models.DateTimeField(null=True, blank=True)
    requires_approval = models.BooleanField(default=False)
    metadata = models.JSONField(default=dict, blank=True)

    status = models.CharField(max_length=20, choices=choices(TaskStatus), default=TaskStatus.PENDING)
    progress = models.CharField(max_length=500, blank=True, default="")
    result = models.JSONField(null=True, blank=True, help_text="of the last completed attempt")
    headline = models.CharField(max_length=200, blank=True, default="", help_text="the result in a line")
    error = models.TextField(blank=True, default="")
    feedback = models.TextField(blank=True, default="", help_text="why the last attempt failed, for the next")
    skip_reason = models.CharField(max_length=500, blank=True, default="")
    skipped_by_dependency = models.BooleanField(default=False)
    approved_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    waiting_for = models.PositiveIntegerField(default=0, help_text="dependencies not yet satisfied")
    attempt_count = models.PositiveIntegerField(default=0)
    failed_count = models.PositiveIntegerField(default=0, help_text="failed attempts since a person's last retry")
    abandoned_count = models.PositiveIntegerField(default=0, help_text="abandoned ones since then")
    tokens = models.BigIntegerField(default=0)
    cost = models.DecimalField(max_digits=16, decimal_places=8, null=True, blank=True, help_text="USD")
    last_seq = models.BigIntegerField(default=0, help_text="seq of its newest event")

    created_at = models.DateTimeField(auto_now_add=True)
    moved_at = models.DateTimeField(help_text="of the last change of status")
    started_at = models.DateTimeField(null=True, blank=True, help_text="of the last attempt")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task_list", "key"], name="one_task_an_id"),
            models.UniqueConstraint(fields=["task_list", "position"], name="one_task_a_position"),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in TaskStatus]), name="task_status_is_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["task_list", "-priority", "position"],
                name="tasks_claimable",
                condition=Q(status="pending", waiting_for=0, removed_at__isnull=True),
            ),
            models.Index(
                fields=["task_list", "-priority", "position"],
                name="tasks_to_do",
                condition=Q(status="pending", removed_at__isnull=True),
            ),
            models.Index(
                fields=["task_list", "status", "-moved_at", "-id"],
                name="tasks_by_move",
                condition=Q(removed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def snapshot(self) -> TaskSnapshot:
        """This row, frozen; reads nothing more."""
        return TaskSnapshot(
            id=self.key,
            pk=self.pk,
            list_id=self.task_list_id,
            position=self.position,
            label=self.label,
            description=self.description,
            input=self.input,
            status=str(self.status),
            agent=self.agent,
            model=self.model,
            priority=self.priority,
            max_attempts=self.max_attempts,
            not_before=self.not_before,
            requires_approval=self.requires_approval,
            metadata=self.metadata,
            progress=self.progress,
            result=self.result,
            error=self.error,
            feedback=self.feedback,
            skip_reason=self.skip_reason,
            waiting_for=self.waiting_for,
            attempt=self.attempt_count,
            tokens=self.tokens,
            cost=self.cost,
            seq=self.last_seq,
            created_at=self.created_at,
            started_at=self.started_at,
            ended_at=self.ended_at,
        )


class Dependency(models.Model):
    """One task waits for another of its list."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="dependencies")
    on = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="dependents")

    class Meta:
        verbose_name_plural = "dependencies"
        constraints = [
            models.UniqueConstraint(fields=["task", "on"], name="one_dependency_a_pair"),
            models.CheckConstraint(condition=~Q(task=models.F("on")), name="no_task_waits_for_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} waits for {self.on_id}"
