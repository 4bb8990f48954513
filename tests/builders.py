"""Short words for what tests arrange: a list with tasks, a worker, its claims."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tasks_app.models import Attempt, Event, Task, TaskList, TaskListSnapshot, Worker, WorkerSnapshot
from tasks_app.rules.actors import Actor
from tasks_app.rules.statuses import TaskStatus, is_finished, list_status
from tasks_app.services import claims, task_lists, tasks, workers
from tasks_app.services.claims import Claim
from tasks_app.services.tasks import NewTask

ALICE = Actor("person", "alice")
PROGRAM = Actor("program", "importer")


def a_list(*new: NewTask | str, started: bool = True, agent: str = "writer", **options: Any) -> TaskListSnapshot:
    """A list with these tasks (an id stands for a plain task), started unless said otherwise."""
    made = task_lists.create("Chapters", actor=ALICE, agent=agent, **options)
    if new:
        drafts = [NewTask(id=task) if isinstance(task, str) else task for task in new]
        tasks.add_many(made.id, drafts, actor=ALICE)
    if started:
        task_lists.start(made.id, actor=ALICE)
    return task_lists.get(made.id)


def a_worker(pid: int = 1, slots: int = 100) -> WorkerSnapshot:
    """A live worker process."""
    return workers.register("host", pid, slots, "up-1")


def claim_all(worker: WorkerSnapshot, limit: int = 100) -> dict[str, Claim]:
    """What the worker gets now, by task id."""
    return {claim.task.id: claim for claim in claims.claim(worker.id, limit, idle=True).claims}


def claim_one(worker: WorkerSnapshot | None = None) -> Claim:
    """The next task of all lists."""
    (claim,) = claims.claim((worker or a_worker()).id, 1, idle=True).claims
    return claim


def kill(worker: WorkerSnapshot) -> None:
    """Let the worker's lease run out, as if it had died."""
    row = Worker.objects.get(pk=worker.id)
    Worker.objects.filter(pk=worker.id).update(beat_at=row.beat_at.replace(year=2000))


def statuses(task_list: TaskListSnapshot) -> dict[str, str]:
    """Each present task's status, by its id."""
    return dict(Task.objects.present().filter(task_list=task_list.id).values_list("key", "status"))


def kinds(task_list: TaskListSnapshot) -> list[str]:
    """The kinds of the list's events, in order."""
    return list(Event.objects.after(f"list:{task_list.id}", 0).values_list("kind", flat=True))


def check_books(task_list: TaskListSnapshot) -> None:
    """Counters, list status, `seq`, attempts and waiting counts all say what the rows say."""
    row = TaskList.objects.get(pk=task_list.id)
    present = list(Task.objects.present().filter(task_list=row).only("status", "attempt_count"))
    counted = Counter(task.status for task in present)
    assert row.counts == {status: counted[status] for status in TaskStatus}
    assert row.removed == Task.objects.filter(task_list=row, removed_at__isnull=False).count()
    discarded = row.discarded_at is not None
    assert row.status == list_status(row.counts, removed=row.removed, discarded=discarded)
    assert (row.finished_at is not None) == is_finished(row.counts, removed=row.removed, discarded=discarded)
    assert (row.completed_at is not None) == (row.status == "completed")
    seqs = list(Event.objects.after(row.topic, 0).values_list("seq", flat=True))
    assert seqs == list(range(1, row.last_seq + 1))
    attempts: dict[int, list[Attempt]] = {task.pk: [] for task in present}
    for attempt in (
        Attempt.objects.filter(task__task_list=row, task__removed_at__isnull=True)
        .only("task", "number", "status")
        .order_by("number")
    ):
        attempts[attempt.task_id].append(attempt)
    for task in present:
        assert [attempt.number for attempt in attempts[task.pk]] == list(range(1, task.attempt_count + 1))
        running = [attempt for attempt in attempts[task.pk] if attempt.status == "running"]
        assert len(running) == (task.status == TaskStatus.IN_PROGRESS)
