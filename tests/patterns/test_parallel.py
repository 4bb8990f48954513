"""Parallel: all at once, results by key, and what happens to the others when one fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Literal, assert_type

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from tasks_app.agents import registry
from tasks_app.agents.registry import agent, worker
from tasks_app.conf import conf
from tasks_app.errors import CruxError, ValueRefused
from tasks_app.llm.scripted import ScriptedModel
from tasks_app.patterns.members import Outcome
from tasks_app.patterns.parallel import ParallelResult, Settled, parallel
from tests.agents.attempts import ModelsOf, a_claim, calls_of, task_of, transcript_of


class Keywords(BaseModel):
    words: list[str]


async def test_results_stand_by_key_and_by_attribute_typed_by_agent() -> None:
    keywords = agent(id="keywords", prompt="You find words.", output=Keywords)
    outline = agent(id="outline", prompt="You outline.")
    model = ScriptedModel(
        [lambda messages, tools: '{"words": ["bulb"]}' if "find" in messages[0]["content"] else "Soil."], by_turn=True
    )
    done = await parallel(
        agents={"keywords": keywords, "outline": outline, "size": len},
        context={"topic": "garlic"},
        model=model,
    )

    found, text = done.results.of(keywords), done.results.of(outline)
    assert_type(found, Outcome[Keywords])
    assert_type(text, Outcome[str])
    assert found.output.words == ["bulb"]
    assert (done.results.keywords.output, done.results.outline.output) == (Keywords(words=["bulb"]), "Soil.")
    assert (done.results["size"].output, done.results.size.steps, done.results.keywords.steps) == (1, 0, 1)
    assert done.settled["outline"] == Settled(status="success", output="Soil.")
    assert [call.messages[-1]["content"] for call in model.calls] == ['{"topic": "garlic"}'] * 2


async def test_all_run_at_once_and_results_keep_the_order_of_the_agents() -> None:
    together = asyncio.Barrier(3)
    order: list[str] = []

    def member(name: str, turns: int) -> Callable[[], Any]:
        async def run() -> None:
            await together.wait()
            for _ in range(turns):
                await asyncio.sleep(0)
            order.append(name)

        return run

    async with asyncio.timeout(30):
        done = await parallel(agents={"c": member("c", 9), "a": member("a", 6), "b": member("b", 3)})

    assert order == ["b", "a", "c"]
    assert (list(done.results), list(done.settled)) == (["c", "a", "b"], ["c", "a", "b"])


async def test_each_gets_a_copy_of_the_context_and_the_callers_is_not_changed() -> None:
    given = {"topic": "garlic"}

    async def spoil(context: dict[str, Any]) -> list[str]:
        context["spoiled"] = True
        await asyncio.sleep(0)
        return list(context)

    done = await parallel(agents={"a": spoil, "b": spoil}, context=given)

    assert (done.results.a.output, done.results.b.output) == (["topic", "spoiled"], ["topic", "spoiled"])
    assert given == {"topic": "garlic"}


async def test_plain_functions_run_in_threads_side_by_side() -> None:
    together = threading.Barrier(2)

    def meet() -> str:
        together.wait(10)
        return threading.current_thread().name

    done = await parallel(agents={"a": meet, "b": meet})

    assert done.results.a.output != done.results.b.output
    assert done.results.a.output.startswith("crux-sync")


@pytest.mark.parametrize("on_error", ["fail_fast", "continue"])
async def test_of_nothing_comes_nothing(on_error: Literal["fail_fast", "continue"]) -> None:
    done = await parallel(agents={}, on_error=on_error)

    assert (dict(done.results), done.settled) == ({}, {})


@pytest.mark.parametrize("wrong", [{"max_concurrency": 0}, {"max_concurrency": -1}, {"on_error": "ignore"}])
async def test_what_cannot_be_is_refused_before_anything_runs(wrong: dict[str, Any]) -> None:
    ran: list[int] = []
    with pytest.raises(ValueRefused, match=next(iter(wrong))):
        await parallel(agents={"a": lambda: ran.append(1)}, **wrong)
    with pytest.raises(TypeError, match="'b'"):
        await parallel(agents={"a": lambda: ran.append(1), "b": lambda one, two: 2})

    assert ran == []


Plan = list[tuple[int, bool]]
"""Of each member the turns that it takes, and whether it then fails."""


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=8),
    st.one_of(st.none(), st.integers(1, 9)),
    st.sampled_from(["fail_fast", "continue"]),
)
def test_however_they_end_nothing_is_left_running_and_all_is_told(
    plan: Plan, max_concurrency: int | None, on_error: Literal["fail_fast", "continue"]
) -> None:
    running, most = 0, 0

    def member(number: int, turns: int, fails: bool) -> Callable[[], Any]:
        async def run() -> int:
            nonlocal running, most
            running += 1
            most = max(most, running)
            try:
                for _ in range(turns):
                    await asyncio.sleep(0)
                if fails:
                    raise ValueError(number)
                return number
            finally:
                running -= 1

        return run

    agents = {str(number): member(number, *each) for number, each in enumerate(plan)}

    async def run() -> None:
        call = parallel(agents=agents, on_error=on_error, max_concurrency=max_concurrency)
        if on_error == "fail_fast" and any(fails for _, fails in plan):
            with pytest.raises(ValueError):
                await call
            return
        done = await call
        succeeded = [number for number, (_, fails) in enumerate(plan) if not fails]
        assert [outcome.output for outcome in done.results.values()] == succeeded
        assert list(done.settled) == list(agents)
        for number, (_, fails) in enumerate(plan):
            settled = done.settled[str(number)]
            assert settled.status == ("error" if fails else "success")
            assert (settled.output is None, settled.error is not None) == (fails, fails)

    async def run_and_look() -> None:
        await run()
        assert running == 0
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run_and_look())
    assert most <= (max_concurrency or len(plan))
    if max_concurrency is None and not any(fails for _, fails in plan):
        assert most >= sum(turns > 0 for turns, _ in plan)


async def test_without_any_model_the_offline_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "offline_seconds", 0)
    monkeypatch.setattr(conf, "model", "")
    keywords = agent(id="keywords", prompt="You find words.", output=Keywords)
    outline = agent(id="outline", prompt="You write one sentence.")
    context = {"topic": "Garlic is planted in October and wants a winter."}
    done = await parallel(agents={"keywords": keywords, "outline": outline}, context=context)

    assert isinstance(done.results.of(keywords).output, Keywords)
    assert "arlic" in done.results.of(outline).output


async def test_what_came_of_it_is_json_and_typed_again_when_read_back() -> None:
    async def fail() -> None:
        raise ValueError("dry")

    keywords = agent(id="keywords", prompt="You find words.", output=Keywords)
    done = await parallel(
        agents={"found": keywords, "dry": fail},
        on_error="continue",
        model=ScriptedModel(['{"words": ["bulb"]}']),
    )
    adapter = TypeAdapter(ParallelResult)
    read = adapter.validate_json(done.model_dump_json())

    assert read.results.of(keywords).output == Keywords(words=["bulb"])
    assert read.results.found.output == {"words": ["bulb"]}
    assert (type(read.settled["dry"].error), str(read.settled["dry"].error)) == (CruxError, "dry")
    assert set(adapter.json_schema()["properties"]) == {"results", "settled"}


@pytest.mark.django_db(transaction=True)
async def test_in_an_attempt_all_their_calls_are_on_its_record() -> None:
    one, two = agent(id="one", prompt="You count."), agent(id="two", prompt="You weigh.")
    model = ScriptedModel([lambda messages, tools: messages[0]["content"]], by_turn=True)

    @worker("count")
    async def count(text: str) -> list[Any]:
        done = await parallel(agents={"one": one, "two": two}, context={"text": text})
        return [outcome.output for outcome in done.results.values()]

    claim = await a_claim("count", input="tea")
    await registry.run_attempt(claim, ModelsOf(model))

    assert (await task_of(claim)).result == ["You count.", "You weigh."]
    assert len(await calls_of(claim)) == 2
    assert len(await transcript_of(claim)) == 6
