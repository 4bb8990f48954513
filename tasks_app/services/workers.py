"""Worker processes: births, beats, deaths. The database's clock rules."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from tasks_app.models import Attempt, Worker, WorkerSnapshot
from tasks_app.services.dependents import CHUNK

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


def any_alive() -> bool:
    """Whether any worker's lease stands. One query."""
    return Worker.objects.alive().exists()


def forget_dead() -> int:
    """Delete rows of workers long dead that hold nothing, 500 at most. Returns how many. One query if there is none."""
    held = Attempt.objects.filter(worker=OuterRef("pk"), stopped_at__isnull=True)
    dead = Worker.objects.dead().filter(~Exists(held), beat_at__lt=Now() - KEPT)
    ids = list(dead.values_list("pk", flat=True)[:CHUNK])
    if ids:
        Worker.objects.filter(pk__in=ids).delete()
    return len(ids)
