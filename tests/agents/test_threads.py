"""Plain functions beside the loop."""

import asyncio
import threading

import pytest

from tasks_app.agents.threads import _Threads, in_thread, more_threads
from tasks_app.conf import conf
from tasks_app.crossing import run_sync


@pytest.fixture
def few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "worker_concurrency", 2)
    monkeypatch.setattr("tasks_app.agents.threads._threads", _Threads())


async def test_there_are_as_many_threads_as_slots_and_the_rest_waits(few_threads: None) -> None:
    gate, begun = threading.Event(), threading.Semaphore(0)

    def hold() -> str:
        begun.release()
        gate.wait(10)
        return threading.current_thread().name

    calls = [asyncio.create_task(in_thread(hold)) for _ in range(6)]
    for _ in range(2):
        await asyncio.to_thread(begun.acquire, timeout=10)
    assert not begun.acquire(blocking=False)
    gate.set()

    assert len(set(await asyncio.gather(*calls))) == 2


async def test_a_drain_brings_threads_of_its_own(few_threads: None) -> None:
    together = threading.Barrier(5)

    with more_threads(3):
        await asyncio.gather(*(in_thread(together.wait, 10) for _ in range(5)))


async def test_what_was_cancelled_before_it_began_never_runs(few_threads: None) -> None:
    gate = threading.Event()
    ran: list[int] = []
    holding = [asyncio.create_task(in_thread(gate.wait, 10)) for _ in range(2)]
    waiting = asyncio.create_task(in_thread(ran.append, 1))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
    await asyncio.gather(*holding)
    await in_thread(lambda: None)

    assert ran == []


async def test_a_thread_is_used_again(few_threads: None) -> None:
    names = {await in_thread(lambda: threading.current_thread().name) for _ in range(5)}

    assert len(names) <= 2


async def test_threads_that_wait_for_threads_of_their_own_do_not_wait_for_ever(few_threads: None) -> None:
    async def nested(number: int) -> int:
        return await in_thread(lambda: number)

    calls = [in_thread(run_sync, nested, number) for number in range(6)]

    assert await asyncio.gather(*calls) == list(range(6))
