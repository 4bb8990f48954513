"""The hub: everybody who watches gets everything once, in order, however late or slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import pytest

from tasks_app.crossing import in_db
from tasks_app.live.changes import open_changes
from tasks_app.live.hub import QUEUE_BATCHES, Batch, Hub
from tasks_app.models import TaskListSnapshot
from tasks_app.services import task_lists
from tests.builders import ALICE, a_list

pytestmark = pytest.mark.django_db(transaction=True)

WAIT_SECONDS = 30  # a bound, not a measure


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    made = Hub(open_changes())
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def seqs(batches: AsyncGenerator[Batch, None], count: int) -> list[int]:
    """The first `count` events that come."""
    got: list[int] = []
    async with asyncio.timeout(WAIT_SECONDS):
        while len(got) < count:
            got += [event.seq for event in (await anext(batches)).events]
    return got


async def flip(task_list: TaskListSnapshot, times: int) -> None:
    """So many events: pause, resume, pause, …"""
    for n in range(times):
        await in_db(task_lists.resume if n % 2 else task_lists.pause, task_list.id, actor=ALICE)


async def test_one_who_comes_late_gets_what_was_missed_and_then_what_comes(hub: Hub) -> None:
    task_list = await in_db(a_list, "a")
    async with aclosing(hub.watch(f"list:{task_list.id}", since=1)) as batches:
        assert await seqs(batches, 2) == [2, 3]
        await flip(task_list, 4)
        assert await seqs(batches, 4) == [4, 5, 6, 7]


async def test_an_event_between_the_catch_up_and_the_first_read_is_not_lost(hub: Hub) -> None:
    task_list = await in_db(a_list)
    async with aclosing(hub.watch(f"list:{task_list.id}", since=2)) as batches:
        following = asyncio.ensure_future(anext(batches))
        await flip(task_list, 1)
        async with asyncio.timeout(WAIT_SECONDS):
            assert (await following).first_seq == 3


async def test_many_watchers_of_many_topics_each_get_their_own(hub: Hub) -> None:
    lists = [await in_db(a_list) for _ in range(3)]
    watches = [hub.watch(f"list:{one.id}", since=2) for one in lists for _ in range(5)]
    readers = [asyncio.ensure_future(seqs(watch, 6)) for watch in watches]
    for task_list in lists:
        await flip(task_list, 6)
    assert await asyncio.gather(*readers) == [[3, 4, 5, 6, 7, 8]] * 15
    for watch in watches:
        await watch.aclose()


async def test_one_who_does_not_read_for_long_reads_on_from_the_log(hub: Hub) -> None:
    task_list = await in_db(a_list)
    slow = hub.watch(f"list:{task_list.id}", since=1)
    assert await seqs(slow, 1) == [2]
    quick = hub.watch(f"list:{task_list.id}", since=2)
    for _ in range(QUEUE_BATCHES + 5):  # each a batch of its own, as the quick one waits for it
        await flip(task_list, 2)
        await seqs(quick, 2)
    total = 2 * (QUEUE_BATCHES + 5)
    assert await seqs(slow, total) == list(range(3, total + 3))
    await slow.aclose()
    await quick.aclose()


async def test_nobody_left_means_nothing_read(hub: Hub) -> None:
    task_list = await in_db(a_list)
    watch = hub.watch(f"list:{task_list.id}", since=0)
    await seqs(watch, 2)
    await watch.aclose()
    assert not hub._cursors
    assert not hub._queues
