"""Drain: a list worked on in place, and when it has done all it can."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from tasks_app.agents import registry
from tasks_app.agents.drain import drain
from tasks_app.agents.registry import worker
from tasks_app.agents.scope import current_attempt
from tasks_app.crossing import in_db, run_sync
from tasks_app.errors import TaskListDiscarded, TaskListNotFound, UnknownAgent, ValueRefused
from tasks_app.models import Attempt, Task, TaskListSnapshot, Worker
from tasks_app.pool import Pool
from tasks_app.services import approvals, claims, task_lists, tasks
from tasks_app.services.tasks import NewTask
from tests.agents.attempts import no_models
from tests.builders import ALICE, a_list, a_worker, check_books, claim_all, kill, kinds, statuses
from tests.pools import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def ran() -> list[str]:
    """The tasks that agent "writer" was put to, in order. Its input is an error to raise, if any."""
    ran: list[str] = []

    @worker("writer")
    async def write(error: str | None) -> str:
        ran.append(current_attempt().task.id)
        if error:
            raise ValueError(error)
        return "written"

    return ran


def some(**counts: int) -> dict[str, int]:
    """What a drain returns where only these are not zero."""
    names = ("pending", "in_progress", "awaiting_approval", "completed", "failed", "skipped", "cancelled")
    return dict.fromkeys(names, 0) | counts


def due_now(list_id: UUID) -> int:
    """Let the time come that the tasks of a list wait for; how many did."""
    waiting = Task.objects.filter(task_list=list_id, not_before__gt=timezone.now())
    return waiting.update(not_before=timezone.now())


async def drained_after(task_list: TaskListSnapshot, then: Callable[[], Awaitable[object]]) -> dict[str, int]:
    """What a drain returns that waits for what `then` does."""
    draining = asyncio.create_task(drain(task_list.id))
    await until(lambda: Worker.objects.filter(cluster="").exists())
    assert await in_db(task_lists.can_go_on, task_list.id)
    await then()
    return await asyncio.wait_for(draining, 30)


async def test_a_list_is_started_and_worked_off_and_its_counts_returned() -> None:
    task_list = await in_db(a_list, "a", NewTask(id="b", depends_on=["a"]), NewTask(id="c", input="no"), started=False)
    assert await drain(task_list.id) == some(completed=2, failed=1)
    assert "list.started" in await in_db(kinds, task_list)
    await in_db(check_books, task_list)


def test_plain_code_drains_a_list_too() -> None:
    assert run_sync(drain, a_list("a", "b").id, concurrency=1) == some(completed=2)


async def test_a_list_with_nothing_to_do_is_drained_at_once_without_a_worker() -> None:
    empty = await in_db(a_list, started=False)
    assert await drain(empty.id) == some()
    await in_db(tasks.add_many, empty.id, [NewTask(id="a")], actor=ALICE)
    assert await drain(empty.id) == some(completed=1)
    assert await drain(empty.id) == some(completed=1)
    assert await in_db(Worker.objects.count) == 1


async def test_no_other_list_is_served() -> None:
    task_list, other = await in_db(a_list, "a"), await in_db(a_list, "b")
    await drain(task_list.id)
    assert await in_db(statuses, other) == {"b": "pending"}


async def test_a_drain_is_a_worker_of_no_cluster_and_says_goodbye() -> None:
    task_list = await in_db(a_list, "a")
    await drain(task_list.id, concurrency=3)
    row = await in_db(Worker.objects.get)
    assert (row.cluster, row.slots, row.running, row.stopped_at is not None) == ("", 3, 0, True)


@pytest.mark.parametrize(("own", "lists", "most"), [(2, 5, 2), (5, 2, 2), (None, 3, 3), (2, None, 2)])
async def test_its_own_concurrency_and_the_lists_both_hold(own: int | None, lists: int | None, most: int) -> None:
    now = seen = 0

    @worker("counter")
    async def count(_: None) -> None:
        nonlocal now, seen
        now += 1
        seen = max(seen, now)
        await asyncio.sleep(0.01)
        now -= 1

    task_list = await in_db(a_list, *"abcdefgh", agent="counter", concurrency=lists)
    assert await drain(task_list.id, concurrency=own) == some(completed=8)
    assert seen == most


@pytest.mark.parametrize("concurrency", [0, -1, 100_001])
async def test_a_concurrency_out_of_bounds_is_refused_and_nothing_started(concurrency: int) -> None:
    task_list = await in_db(a_list, "a", started=False)
    with pytest.raises(ValueRefused, match="A drain's concurrency is a whole number from 1"):
        await drain(task_list.id, concurrency=concurrency)
    assert (await in_db(task_lists.get, task_list.id)).started_at is None


async def test_tasks_that_nobody_is_named_for_are_refused_by_name_and_nothing_started() -> None:
    new = ("a", NewTask(id="b", agent="writer"), NewTask(id="c", depends_on=["b"]))
    task_list = await in_db(a_list, *new, agent="", started=False)
    with pytest.raises(UnknownAgent, match="Nobody is named to work on 'a', 'c'; name an agent on each task"):
        await drain(task_list.id)
    assert (await in_db(task_lists.get, task_list.id)).started_at is None


async def test_a_task_added_meanwhile_that_nobody_is_named_for_stays() -> None:
    @worker("adder")
    async def add(_: None) -> None:
        new = [NewTask(id="nobody's"), NewTask(id="behind", agent="writer", depends_on=["nobody's"])]
        await in_db(tasks.add_many, task_list.id, [*new, NewTask(id="b", agent="writer")], actor=ALICE)

    task_list = await in_db(a_list, NewTask(id="a", agent="adder"), agent="")
    assert await drain(task_list.id) == some(completed=2, pending=2)


async def test_a_task_that_names_an_agent_nobody_knows_fails_alone() -> None:
    task_list = await in_db(a_list, "a", NewTask(id="b", agent="nobody", max_attempts=3))
    assert await drain(task_list.id) == some(completed=1, failed=1)
    assert (await in_db(tasks.get, task_list.id, "b")).error.startswith("There is no agent 'nobody'.")


async def test_no_list_and_a_discarded_one_are_refused() -> None:
    with pytest.raises(TaskListNotFound):
        await drain(uuid4())
    task_list = await in_db(a_list, "a")
    await in_db(task_lists.discard, task_list.id, "enough", actor=ALICE)
    with pytest.raises(TaskListDiscarded):
        await drain(task_list.id)


async def test_a_task_that_is_not_due_is_waited_for() -> None:
    later = timezone.now() + timedelta(days=1)
    task_list = await in_db(a_list, NewTask(id="a", not_before=later), NewTask(id="b", depends_on=["a"]))
    assert await drained_after(task_list, lambda: in_db(due_now, task_list.id)) == some(completed=2)


async def test_a_back_off_is_waited_for(ran: list[str]) -> None:
    async def let_time_pass() -> None:
        await until(lambda: due_now(task_list.id))
        await until(lambda: due_now(task_list.id))

    task_list = await in_db(a_list, NewTask(id="a", input="no", max_attempts=3))
    assert await drained_after(task_list, let_time_pass) == some(failed=1)
    assert ran == ["a", "a", "a"]


async def test_what_other_workers_run_is_waited_for_and_what_is_behind_it_done(ran: list[str]) -> None:
    task_list = await in_db(a_list, "a", NewTask(id="b", depends_on=["a"]))
    theirs = (await in_db(claim_all, await in_db(a_worker)))["a"]
    assert await drained_after(task_list, lambda: in_db(claims.complete, theirs)) == some(completed=2)
    assert ran == ["b"]


async def test_what_a_dead_worker_held_is_taken_over() -> None:
    task_list = await in_db(a_list, "a")
    dead = await in_db(a_worker, pid=99)
    await in_db(claim_all, dead)
    await in_db(kill, dead)
    assert await drain(task_list.id) == some(completed=1)
    tried = await in_db(tasks.attempts_of, task_list.id, "a")
    assert [attempt.status for attempt in tried] == ["abandoned", "completed"]


async def test_what_waits_for_a_person_is_not_waited_for() -> None:
    gated = NewTask(id="b", requires_approval=True)
    task_list = await in_db(a_list, "a", gated, NewTask(id="c", depends_on=["b"]))
    assert await drain(task_list.id) == some(completed=1, awaiting_approval=1, pending=1)
    await in_db(approvals.approve, task_list.id, "b", actor=ALICE)
    assert await drain(task_list.id) == some(completed=3)


async def test_a_paused_list_is_left_once_what_runs_has_ended_and_goes_on_when_resumed() -> None:
    @worker("pauser")
    async def pause(_: None) -> None:
        await in_db(task_lists.pause, task_list.id, actor=ALICE)

    task_list = await in_db(a_list, NewTask(id="a", agent="pauser"), *"bc")
    assert await drain(task_list.id, concurrency=1) == some(completed=1, pending=2)
    assert await drain(task_list.id) == some(completed=1, pending=2)
    await in_db(task_lists.resume, task_list.id, actor=ALICE)
    assert await drain(task_list.id) == some(completed=3)


async def test_a_discard_ends_it() -> None:
    stopped: list[str] = []

    @worker("sleeper")
    async def sleep(_: None) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(current_attempt().task.id)

    async def discard() -> None:
        await until(lambda: statuses(task_list)["b"] == "in_progress")
        await in_db(task_lists.discard, task_list.id, "enough", actor=ALICE)

    task_list = await in_db(a_list, "a", NewTask(id="b", agent="sleeper"), NewTask(id="c", depends_on=["b"]))
    assert await drained_after(task_list, discard) == some(completed=1, cancelled=2)
    assert stopped == ["b"]
    assert await in_db(Attempt.objects.filter(stopped_at__isnull=True).count) == 0


async def test_drains_and_a_pool_on_one_list_share_it_and_run_each_task_once() -> None:
    started: list[str] = []
    all_at_work = asyncio.Event()

    @worker("sharer")
    async def share(_: None) -> None:
        started.append(current_attempt().task.id)
        if len(started) == 15:
            all_at_work.set()
        await all_at_work.wait()

    keys = [str(number) for number in range(40)]
    task_list, host = await in_db(a_list, *keys, agent="sharer"), await in_db(a_worker)
    stop = asyncio.Event()
    pool = asyncio.create_task(Pool(host.id, 3, partial(registry.run_attempt, models=no_models())).serve(stop))
    counts = await asyncio.gather(*(drain(task_list.id, concurrency=3) for _ in range(4)))
    stop.set()
    await pool
    assert counts == [some(completed=40)] * 4
    assert sorted(started, key=int) == keys
    assert await in_db(Attempt.objects.values("worker").distinct().count) == 5
    await in_db(check_books, task_list)
