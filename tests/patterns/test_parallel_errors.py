"""What happens to the others when one member of a parallel fails, or all are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import pytest

from tasks_app.agents.registry import agent
from tasks_app.errors import AttemptLost, CruxError
from tasks_app.llm.scripted import ScriptedModel
from tasks_app.patterns.parallel import Settled, parallel


def returning(value: Any, *, after: asyncio.Event | None = None) -> Callable[[], Any]:
    async def run() -> Any:
        if after is not None:
            await after.wait()
        return value

    return run


def raising(error: BaseException) -> Callable[[], Any]:
    async def run() -> Any:
        raise error

    return run


class Hanging:
    """A member that never ends by itself, and takes its time when it is cancelled."""

    def __init__(self, on_the_way_out: Exception | None = None) -> None:
        self.begun, self.ended = asyncio.Event(), False
        self._error = on_the_way_out

    async def __call__(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            self.ended = True
            if self._error is not None:
                raise self._error


class TestFailFast:
    async def test_the_others_have_ended_when_the_original_error_comes_out(self) -> None:
        slow, dry = Hanging(), ValueError("the well is dry")

        async def fail() -> None:
            await slow.begun.wait()
            raise dry

        with pytest.raises(ValueError, match="dry") as raised:
            await parallel(agents={"slow": slow, "fail": fail})

        assert raised.value is dry
        assert (slow.ended, dry.__cause__, dry.__context__) == (True, None, None)

    async def test_of_several_errors_the_first_in_time_comes_out(self) -> None:
        gate = asyncio.Event()
        first = OSError("first")

        async def second() -> None:
            await gate.wait()
            raise OSError("second")

        async def fail() -> None:
            gate.set()
            raise first

        with pytest.raises(OSError, match="first") as raised:
            await parallel(agents={"second": second, "first": fail})
        assert raised.value is first

    async def test_what_the_others_raise_on_their_way_out_does_not_hide_it(self) -> None:
        slow = Hanging(RuntimeError("cannot tidy up"))

        async def fail() -> None:
            await slow.begun.wait()
            raise ValueError("dry")

        with pytest.raises(ValueError, match="dry"):
            await parallel(agents={"slow": slow, "fail": fail})

    async def test_those_that_wait_for_a_slot_never_begin(self) -> None:
        ran: list[int] = []
        with pytest.raises(ValueError):
            await parallel(agents={"a": raising(ValueError()), "b": lambda: ran.append(1)}, max_concurrency=1)

        assert ran == []

    async def test_an_agents_error_is_its_own(self) -> None:
        writer = agent(id="writer", prompt="You write.")
        with pytest.raises(CruxError, match="quota"):
            await parallel(agents={"w": writer}, model=ScriptedModel([CruxError("no quota")]))


class TestContinue:
    async def test_the_others_go_on_and_each_is_settled(self) -> None:
        gate, dry = asyncio.Event(), ValueError("dry")

        async def fail() -> None:
            gate.set()
            raise dry

        agents = {"a": returning(1, after=gate), "b": fail, "c": returning(3)}
        done = await parallel(agents=agents, on_error="continue")

        assert {key: outcome.output for key, outcome in done.results.items()} == {"a": 1, "c": 3}
        assert done.settled == {
            "a": Settled(status="success", output=1),
            "b": Settled(status="error", error=dry),
            "c": Settled(status="success", output=3),
        }
        assert done.settled["b"].error is dry

    async def test_one_that_was_cancelled_from_within_is_an_error_like_others(self) -> None:
        done = await parallel(agents={"a": raising(asyncio.CancelledError()), "b": lambda: 2}, on_error="continue")

        assert isinstance(done.settled["a"].error, asyncio.CancelledError)
        assert done.results.b.output == 2

    @pytest.mark.parametrize("error", [AttemptLost("ended by alice"), GeneratorExit()])
    async def test_what_ends_more_than_one_ends_all_and_comes_out_as_it_is(self, error: BaseException) -> None:
        slow = Hanging()

        async def fail() -> None:
            await slow.begun.wait()
            raise error

        with pytest.raises(type(error)) as raised:
            await parallel(agents={"slow": slow, "fail": fail}, on_error="continue")
        assert (raised.value is error, slow.ended) == (True, True)


@pytest.mark.parametrize("on_error", ["fail_fast", "continue"])
async def test_cancelled_from_outside_all_have_ended(on_error: Literal["fail_fast", "continue"]) -> None:
    members = {"a": Hanging(RuntimeError("cannot tidy up")), "b": Hanging()}
    running = asyncio.create_task(parallel(agents=members, on_error=on_error))
    for member in members.values():
        await member.begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert all(member.ended for member in members.values())


async def test_within_a_timeout_it_times_out() -> None:
    slow = Hanging()

    async def time_is_up() -> None:
        await slow.begun.wait()
        limit.reschedule(asyncio.get_running_loop().time())

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(None) as limit:
            await parallel(agents={"slow": slow, "clock": time_is_up})

    assert slow.ended
