"""How a drain stops before its time, and what it outlasts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError

from tasks_app.agents.drain import drain
from tasks_app.agents.registry import worker
from tasks_app.crossing import in_db
from tasks_app.models import Attempt, TaskListSnapshot, Worker
from tasks_app.services import claims, task_lists, tasks
from tests.builders import a_list, check_books, statuses
from tests.pools import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def workers() -> None:
    @worker("writer")
    async def write(_: None) -> None:
        return None

    @worker("sleeper")
    async def sleep(_: None) -> None:
        await asyncio.Event().wait()


async def by_cancel(list_id: UUID) -> None:
    draining = asyncio.create_task(drain(list_id, concurrency=2))
    await at_work(list_id)
    draining.cancel()
    await draining


async def by_timeout(list_id: UUID) -> None:
    async with asyncio.timeout(None) as patience:
        watch = asyncio.create_task(at_work(list_id))
        watch.add_done_callback(lambda _: patience.reschedule(0))
        await drain(list_id, concurrency=2)


async def by_task_group(list_id: UUID) -> None:
    async def fail() -> None:
        await at_work(list_id)
        raise ZeroDivisionError

    async with asyncio.TaskGroup() as group:
        group.create_task(drain(list_id, concurrency=2))
        group.create_task(fail())


async def at_work(list_id: UUID) -> None:
    await until(lambda: task_lists.get(list_id).counts["in_progress"] == 2)


@pytest.mark.parametrize(
    ("stop", "error"),
    [(by_cancel, asyncio.CancelledError), (by_timeout, TimeoutError), (by_task_group, ExceptionGroup)],
)
async def test_a_cancelled_drain_gives_back_what_it_runs(
    stop: Callable[[UUID], Awaitable[None]], error: type[BaseException]
) -> None:
    task_list = await in_db(a_list, *"abc", agent="sleeper", started=False)
    with pytest.raises(error):
        await stop(task_list.id)
    await check_nothing_held(task_list)
    for key in "ab":
        (attempt,) = await in_db(tasks.attempts_of, task_list.id, key)
        assert attempt.status == "released"


async def test_a_drain_cancelled_while_it_claims_gives_back_what_it_never_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, real = asyncio.get_running_loop(), claims.claim
    task_list = await in_db(a_list, *"abc", agent="sleeper")

    def claim_then_cancel(*args: Any, **kwargs: Any) -> claims.Claimed:
        got = real(*args, **kwargs)
        assert len(got.claims) == 3
        told = asyncio.run_coroutine_threadsafe(cancel(), loop)
        told.result(10)
        return got

    async def cancel() -> None:
        draining.cancel()

    monkeypatch.setattr(claims, "claim", claim_then_cancel)
    draining = asyncio.create_task(drain(task_list.id))
    with pytest.raises(asyncio.CancelledError):
        await draining
    await check_nothing_held(task_list)


async def check_nothing_held(task_list: TaskListSnapshot) -> None:
    assert set((await in_db(statuses, task_list)).values()) == {"pending"}
    assert await in_db(Attempt.objects.filter(stopped_at__isnull=True).count) == 0
    assert (await in_db(Worker.objects.get)).stopped_at is not None
    await in_db(check_books, task_list)


@pytest.mark.parametrize("verb", [(claims, "claim"), (task_lists, "can_go_on")])
async def test_a_database_that_fails_for_a_while_costs_nothing(
    verb: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_app.pool.BACKOFF_SECONDS", 0.01)
    module, name = verb
    real: Callable[..., Any] = getattr(module, name)
    calls = 0

    def flaky(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls in (2, 3):
            raise OperationalError("the database is away")
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, flaky)
    task_list = await in_db(a_list, "a", "b")
    assert (await drain(task_list.id, concurrency=1))["completed"] == 2
    assert calls > 3
