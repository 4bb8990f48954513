"""Progress is told at most twice a second, and the last of it always."""

from __future__ import annotations

import asyncio

import pytest

from tasks_app.agents import progress
from tasks_app.agents.progress import Progress
from tasks_app.errors import AttemptLost

WAIT_SECONDS = 30  # a bound, not a measure


class Told(list[str]):
    """What was written, and a way to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.more = asyncio.Event()

    async def write(self, message: str) -> None:
        self.append(message)
        self.more.set()


async def test_the_first_is_told_at_once_and_of_a_burst_the_last() -> None:
    told = Told()
    telling = Progress(told.write)
    for n in range(50):
        await telling.say(f"page {n}")
    assert told == ["page 0"]
    await telling.close()
    assert told == ["page 0", "page 49"]


async def test_what_waits_is_told_when_its_time_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PACE_SECONDS", 0.01)
    told = Told()
    telling = Progress(told.write)
    await telling.say("one")
    told.more.clear()
    await telling.say("two")
    async with asyncio.timeout(WAIT_SECONDS):
        await told.more.wait()
    assert told == ["one", "two"]
    await telling.close()
    assert told == ["one", "two"]


async def test_an_attempt_that_was_lost_is_told_to_the_one_who_speaks_not_to_the_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "PACE_SECONDS", 0.0)
    refused = asyncio.Event()

    async def write(message: str) -> None:
        if message != "one":
            refused.set()
            raise AttemptLost("gone")

    telling = Progress(write)
    await telling.say("one")
    await telling.say("two")
    async with asyncio.timeout(WAIT_SECONDS):
        await refused.wait()
    await asyncio.sleep(0)
    telling = Progress(write)
    with pytest.raises(AttemptLost):
        await telling.say("three")
