"""What a process holds by hand: a lease that beats, and what nobody can end any more is given back."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from datetime import datetime
from functools import partial

import pytest

from tasks_app.agents import holder
from tasks_app.agents.task_worker import TaskWorker, task_worker
from tasks_app.conf import conf
from tasks_app.crossing import in_db
from tasks_app.models import TaskListSnapshot, Worker
from tasks_app.services import interventions, leases, tasks, workers
from tests.agents.attempts import use
from tests.builders import ALICE, a_list, check_books
from tests.workers.processes import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A beat every 20 ms; nobody sweeps here, so that no lease is lost to a slow machine."""
    monkeypatch.setattr(conf, "lease_seconds", 0.06)


@pytest.fixture
def no_gc() -> Iterator[None]:
    """Nothing goes but what nobody refers to."""
    gc.disable()
    yield
    gc.enable()


async def started(task_id: str = "a") -> tuple[TaskListSnapshot, TaskWorker]:
    """A task taken by hand."""
    task_list = await in_db(lambda: a_list(task_id, started=False))
    worker = task_worker(task_list.id, task_id)
    assert (await use(worker, "start_task"))["ok"]
    return task_list, worker


async def attempts(task_list: TaskListSnapshot) -> list[tuple[str, str]]:
    """Status and error of each attempt at `a`."""
    return [(each.status, each.error) for each in await in_db(tasks.attempts_of, task_list.id, "a")]


def rows() -> list[Worker]:
    return list(Worker.objects.order_by("started_at"))


def _has_beaten_since(beat_at: datetime) -> bool:
    return rows()[0].beat_at > beat_at


def hearts() -> int:
    return sum(thread.name == "holder" for thread in threading.enumerate())


async def no_heart() -> None:
    """Wait until none beats."""
    await asyncio.to_thread(until, lambda: hearts() == 0, "the end of the heart")


async def test_it_beats_as_long_as_something_is_held() -> None:
    _, worker = await started()
    for _ in range(3):
        before = (await in_db(rows))[0].beat_at
        await in_db(until, partial(_has_beaten_since, before), "a beat")
    (row,) = await in_db(rows)
    assert (row.running, row.stopped_at) == (1, None)
    await use(worker, "complete_task")


async def test_when_nothing_is_held_any_more_it_retires_and_the_next_has_a_row_of_its_own() -> None:
    _, worker = await started()
    await use(worker, "complete_task")
    await no_heart()
    (first,) = await in_db(rows)
    assert first.stopped_at is not None

    _, worker = await started()
    assert [row.stopped_at is None for row in await in_db(rows)] == [False, True]
    await use(worker, "complete_task")


async def test_all_that_is_held_at_once_has_one_row_and_one_heart() -> None:
    held = [await started() for _ in range(3)]
    assert (len(await in_db(rows)), hearts()) == (1, 1)
    for _, worker in held:
        await use(worker, "complete_task")


async def test_where_the_opening_was_declined_no_row_and_no_heart_is_left() -> None:
    task_list = await in_db(lambda: a_list("a", started=False))
    await in_db(interventions.skip, task_list.id, "a", actor=ALICE)
    assert not (await use(task_worker(task_list.id, "a"), "start_task"))["ok"]
    await no_heart()
    assert await in_db(rows) == []


@pytest.mark.usefixtures("no_gc")
async def test_a_worker_that_is_thrown_away_gives_its_task_back() -> None:
    task_list, worker = await started()
    await use(worker, "report_progress", message="x")
    assert await worker.as_context().render()
    tools = worker.as_tools()
    del worker
    assert (await in_db(tasks.get, task_list.id, "a")).status == "in_progress"
    del tools
    await no_heart()

    assert await attempts(task_list) == [("released", "its worker was let go")]
    assert (await in_db(tasks.get, task_list.id, "a")).status == "pending"
    await in_db(check_books, task_list)


@pytest.mark.usefixtures("no_gc")
async def test_a_cancelled_one_that_is_thrown_away_is_recorded_as_stopped() -> None:
    task_list, worker = await started()
    await in_db(interventions.cancel, task_list.id, "a", actor=ALICE)
    del worker
    await no_heart()

    (attempt,) = await in_db(tasks.attempts_of, task_list.id, "a")
    assert (attempt.status, attempt.stopped_at is None) == ("cancelled", False)


async def test_one_that_learns_that_it_was_cancelled_lets_go() -> None:
    task_list, worker = await started()
    await in_db(interventions.cancel, task_list.id, "a", actor=ALICE)
    assert not (await use(worker, "start_task"))["ok"]
    await no_heart()

    (attempt,) = await in_db(tasks.attempts_of, task_list.id, "a")
    assert attempt.stopped_at is not None


async def test_an_opening_that_nobody_waited_for_is_given_back() -> None:
    task_list = await in_db(lambda: a_list("a", started=False))
    worker, free = task_worker(task_list.id, "a"), threading.Event()
    blocking = asyncio.create_task(in_db(free.wait, 40))
    starting = asyncio.create_task(use(worker, "start_task"))
    while not any(task.get_name() == "writes" for task in asyncio.all_tasks()):
        await asyncio.sleep(0)
    starting.cancel()
    free.set()
    await blocking
    await in_db(until, lambda: _is_pending_again(task_list), "the end of what nobody holds")

    assert (await use(worker, "complete_task"))["ok"]
    await in_db(check_books, task_list)


def _is_pending_again(task_list: TaskListSnapshot) -> bool:
    leases.sweep()  # where the heart had stopped before the commit, the lease runs out
    return [each.status for each in tasks.attempts_of(task_list.id, "a")] in (["released"], ["abandoned"])


async def test_at_its_end_a_program_gives_all_back() -> None:
    task_list, worker = await started()
    await in_db(holder.let_all_go)

    assert await attempts(task_list) == [("released", "its program ended")]
    assert await in_db(workers.any_alive) is False
    assert hearts() == 0
    declined = await use(worker, "complete_task")
    assert (declined["ok"], declined["status"]) == (False, "pending")


async def test_a_row_that_is_gone_is_made_again() -> None:
    _, worker = await started()
    await in_db(lambda: Worker.objects.all().delete())
    _, other = await started()
    assert len(await in_db(rows)) == 1
    for each in (worker, other):
        assert (await use(each, "complete_task"))["ok"]
