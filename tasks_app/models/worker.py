"""Worker processes: who is alive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import models
from django.db.models.functions import Now

from tasks_app.conf import conf
from tasks_app.models.columns import new_id


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """A worker process as it stood when read."""

    id: UUID
    name: str
    host: str
    pid: int
    cluster: str
    slots: int
    running: int
    started_at: datetime
    beat_at: datetime
    stopped_at: datetime | None


class WorkerQuerySet(models.QuerySet["Worker"]):
    """Questions asked more than once. The database's clock rules: hosts' clocks differ."""

    def alive(self) -> WorkerQuerySet:
        """Those that beat within the lease and have not said goodbye."""
        return self.filter(stopped_at__isnull=True, beat_at__gte=Now() - timedelta(seconds=conf.lease_seconds))

    def serving(self) -> WorkerQuerySet:
        """The alive of a cluster, who serve every started list; a program that works by hand or drains has none."""
        return self.alive().exclude(cluster="")

    def dead(self) -> WorkerQuerySet:
        """Those whose lease is out, or that have said goodbye."""
        return self.exclude(stopped_at__isnull=True, beat_at__gte=Now() - timedelta(seconds=conf.lease_seconds))


class Worker(models.Model):
    """One worker process for its life. Its beat is the lease on every attempt it holds."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    cluster = models.CharField(max_length=200, help_text="which `crux up` it belongs to")
    slots = models.PositiveIntegerField()
    running = models.PositiveIntegerField(default=0, help_text="slots in use at the last beat")
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now(), db_index=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at",)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """How people and events name it: `host:pid`."""
        return f"{self.host}:{self.pid}"

    def snapshot(self) -> WorkerSnapshot:
        """This row, frozen."""
        return WorkerSnapshot(
            self.pk,
            self.name,
            self.host,
            self.pid,
            self.cluster,
            self.slots,
            self.running,
            self.started_at,
            self.beat_at,
            self.stopped_at,
        )
