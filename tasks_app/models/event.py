"""The event log: append-only, dense by topic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models


@dataclass(frozen=True, slots=True)
class EventSnapshot:
    """One event, the public contract: `seq` is dense in its topic; `task` is the caller's id."""

    topic: str
    seq: int
    kind: str
    task: str | None
    at: datetime
    actor_kind: str
    actor_name: str
    data: dict[str, Any]

    def public(self) -> dict[str, Any]:
        """As programs get it: plain JSON, `at` RFC 3339 in UTC."""
        return {
            "topic": self.topic,
            "seq": self.seq,
            "kind": self.kind,
            "task": self.task,
            "at": self.at.isoformat().replace("+00:00", "Z"),
            "actor": {"kind": self.actor_kind, "name": self.actor_name},
            "data": self.data,
        }


class EventQuerySet(models.QuerySet["Event"]):
    """Questions asked more than once."""

    def after(self, topic: str, seq: int) -> EventQuerySet:
        """A topic's events past `seq`, oldest first; served by the unique index."""
        return self.filter(topic=topic, seq__gt=seq).order_by("seq")


class Event(models.Model):
    """Something that happened. Written once by `services.events`, never changed."""

    topic = models.CharField(max_length=60)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    task = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - null is the contract: no task
    actor_kind = models.CharField(max_length=10)
    actor_name = models.CharField(max_length=300)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ("topic", "seq")
        constraints = [models.UniqueConstraint(fields=["topic", "seq"], name="one_event_a_seq")]
        indexes = [
            models.Index(
                fields=["topic", "task", "-seq"],
                name="events_of_a_task",
                condition=models.Q(task__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.seq}"

    def snapshot(self) -> EventSnapshot:
        """This row, frozen."""
        return EventSnapshot(
            self.topic, self.seq, self.kind, self.task, self.at, self.actor_kind, self.actor_name, self.data
        )
