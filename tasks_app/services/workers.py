"""Worker processes: births, beats, deaths. The database's clock rules.

Rows of the dead stay, as those of the living may look dead for long: on a machine that was asleep.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models.functions import Now

from tasks_app.models import Worker, WorkerSnapshot


def register(host: str, pid: int, slots: int, cluster: str) -> WorkerSnapshot:
    """A new worker process, alive from now; without a cluster it works for one program alone. Two queries."""
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
    """The workers that serve the pool and whose lease stands, youngest first. One query."""
    return [row.snapshot() for row in Worker.objects.serving()]


def any_alive() -> bool:
    """Whether any worker serves the pool. One query."""
    return Worker.objects.serving().exists()
