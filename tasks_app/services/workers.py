"""Worker processes: births, beats, deaths. The database's clock rules."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now

from tasks_app.conf import conf
from tasks_app.models import Worker, WorkerSnapshot

KEPT = timedelta(days=7)  # a dead worker's row is kept for people to look at, then only its name in the attempts


def register(host: str, pid: int, slots: int, cluster: str) -> WorkerSnapshot:
    """A new worker process, alive from now. Two queries."""
    row = Worker.objects.create(host=host[:255], pid=pid, slots=slots, cluster=cluster[:200])
    row.refresh_from_db()
    return row.snapshot()


def beat(worker_id: UUID, running: int) -> None:
    """Renew the lease on all the worker holds. One query."""
    Worker.objects.filter(pk=worker_id).update(beat_at=Now(), running=running)


def retire(worker_id: UUID) -> None:
    """Say goodbye: the worker holds nothing from now. One query."""
    Worker.objects.filter(pk=worker_id).update(stopped_at=Now(), running=0)


def alive() -> list[WorkerSnapshot]:
    """The workers whose lease stands, youngest first. One query."""
    return [row.snapshot() for row in Worker.objects.alive()]


def forget_dead() -> int:
    """Delete rows of workers long dead that hold nothing. Returns how many."""
    dead = Worker.objects.dead().filter(beat_at__lt=Now() - max(KEPT, timedelta(seconds=conf.lease_seconds)))
    return dead.exclude(attempts__stopped_at__isnull=True, attempts__isnull=False).delete()[0]


def any_alive() -> bool:
    """Whether any worker's lease stands. One query."""
    return Worker.objects.alive().exists()
