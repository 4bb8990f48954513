"""Pipelines: steps in order, over a context that grows."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from typing import Any, assert_type

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from tasks_app.agents.registry import agent
from tasks_app.conf import conf
from tasks_app.crossing import run_sync
from tasks_app.errors import AttemptLost, ModelError, PipelineStepFailed, ValueRefused
from tasks_app.llm.scripted import ScriptedModel
from tasks_app.patterns.members import Outcome
from tasks_app.patterns.pipeline import PipelineResult, Step, pipeline


class Outline(BaseModel):
    parts: list[str]


OUTLINE = '{"parts": ["soil", "seed"]}'


async def test_the_context_grows_by_each_output_and_the_callers_is_not_changed() -> None:
    topic = {"topic": "garlic"}
    seen = []

    async def look(context: dict[str, Any]) -> int:
        seen.append(dict(context))
        context["spoiled"] = True
        return len(context)

    done = await pipeline(steps=[Step("one", look), Step("two", look)], context=topic)

    assert seen == [{"topic": "garlic"}, {"topic": "garlic", "one": 2}]
    assert (done.status, done.context, done.final_output) == ("completed", {"topic": "garlic", "one": 2, "two": 3}, 3)
    assert topic == {"topic": "garlic"}
    assert done.duration >= 0


async def test_an_agent_is_told_the_whole_context_and_gives_its_output_or_its_text() -> None:
    outliner = agent(id="outliner", prompt="You outline.", output=Outline)
    writer = agent(id="writer", prompt="You write.")
    model = ScriptedModel([OUTLINE, "Plant it in October."])
    done = await pipeline(
        steps=[Step("outline", outliner), Step("text", writer)], context={"topic": "garlic"}, model=model
    )

    assert done.context == {
        "topic": "garlic",
        "outline": Outline(parts=["soil", "seed"]),
        "text": "Plant it in October.",
    }
    assert done.final_output == "Plant it in October."
    told = json.loads(model.calls[1].messages[-1]["content"])
    assert told == {"topic": "garlic", "outline": {"parts": ["soil", "seed"]}}


async def test_outcomes_are_found_by_name_and_typed_by_agent() -> None:
    outliner = agent(id="outliner", prompt="You outline.", output=Outline)
    writer = agent(id="writer", prompt="You write.")
    model = ScriptedModel([OUTLINE, "Plant it."])
    done = await pipeline(steps=[Step("outline", outliner), Step("text", writer)], model=model)

    outline, text = done.results.of(outliner), done.results.of(writer)
    assert_type(outline, Outcome[Outline])
    assert_type(text, Outcome[str])
    assert (outline.output.parts, text.output) == (["soil", "seed"], "Plant it.")
    assert done.results.outline.usage.input_tokens == 10
    assert list(done.results) == ["outline", "text"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("as it is", "as it is"),
        (None, None),
        (lambda: "from nothing", "from nothing"),
        (lambda context: f"about {context['topic']}", "about garlic"),
        (lambda word="its own": word, "its own"),
    ],
)
async def test_an_input_is_a_value_or_a_function_of_the_context_or_of_nothing(given: Any, told: Any) -> None:
    done = await pipeline(steps=[Step("echo", lambda input: [input], given)], context={"topic": "garlic"})

    assert done.final_output == [told]


async def test_an_input_may_be_made_by_an_async_function() -> None:
    async def ask(context: Mapping[str, str]) -> str:
        await asyncio.sleep(0)
        return context["topic"]

    assert (await pipeline(steps=[Step("e", str.upper, ask)], context={"topic": "garlic"})).final_output == "GARLIC"


async def test_plain_functions_run_in_threads_where_they_may_wait_for_verbs() -> None:
    async def verb() -> int:
        return 7

    def ask() -> tuple[int, str]:
        return run_sync(verb), threading.current_thread().name.rpartition("-")[0]

    done = await pipeline(steps=[Step("a", ask), Step("b", lambda got: got, input=ask)])

    assert (done.context["a"], done.context["b"]) == ((7, "crux-sync"), (7, "crux-sync"))


async def test_a_step_may_replace_what_the_context_began_with() -> None:
    done = await pipeline(steps=[Step("draft", lambda c: c["draft"] + "!")], context={"draft": "Hi"})

    assert done.context == {"draft": "Hi!"}


async def test_without_steps_the_context_is_all_there_is() -> None:
    done = await pipeline(steps=[], context={"topic": "garlic"})

    assert (done.context, done.final_output, dict(done.results)) == ({"topic": "garlic"}, None, {})


async def test_two_steps_of_one_name_are_refused_before_anything_runs() -> None:
    ran: list[int] = []
    with pytest.raises(ValueRefused, match="'a'"):
        await pipeline(steps=[Step("a", lambda: ran.append(1)), Step("b", lambda: 2), Step("a", lambda: 3)])

    assert ran == []


@pytest.mark.parametrize("member", ["writer", None, lambda a, b: 1, lambda a, *, b: 1, lambda *, a: 1])
def test_what_cannot_be_a_step_is_refused_when_it_is_made(member: Any) -> None:
    with pytest.raises(TypeError, match="'odd'"):
        Step("odd", member)
    if callable(member):
        with pytest.raises(TypeError, match="input of step 'odd'"):
            Step("odd", lambda: 1, input=member)


class TestErrors:
    async def test_the_first_error_stops_it_and_says_which_step_and_why(self) -> None:
        ran: list[str] = []
        dry = ValueError("the well is dry")

        async def fail() -> None:
            raise dry

        steps = [Step("a", lambda: ran.append("a")), Step("water", fail), Step("c", lambda: ran.append("c"))]
        with pytest.raises(PipelineStepFailed) as raised:
            await pipeline(steps=steps)

        assert str(raised.value) == "Step 'water' failed: the well is dry"
        assert (raised.value.step, raised.value.__cause__, raised.value.retryable) == ("water", dry, True)
        assert ran == ["a"]

    async def test_the_input_of_a_step_is_a_part_of_it(self) -> None:
        with pytest.raises(PipelineStepFailed, match="'b'") as raised:
            await pipeline(steps=[Step("b", lambda x: x, lambda c: c["nothing"])])

        assert isinstance(raised.value.__cause__, KeyError)

    @pytest.mark.parametrize("error", [TypeError("a bug"), ModelError("no such model", retryable=False)])
    async def test_what_another_attempt_would_meet_again_is_not_retryable(self, error: Exception) -> None:
        async def fail() -> None:
            raise error

        with pytest.raises(PipelineStepFailed) as raised:
            await pipeline(steps=[Step("a", fail)])
        assert not raised.value.retryable

    @pytest.mark.parametrize("error", [AttemptLost("ended by alice"), asyncio.CancelledError(), GeneratorExit()])
    async def test_what_ends_more_than_the_step_comes_out_as_it_is(self, error: BaseException) -> None:
        async def fail() -> None:
            raise error

        with pytest.raises(type(error)) as raised:
            await pipeline(steps=[Step("a", fail)])
        assert raised.value is error

    async def test_cancelled_from_outside_its_step_is(self) -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def hang() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        running = asyncio.create_task(pipeline(steps=[Step("a", hang), Step("b", begun.clear)]))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (begun.is_set(), ended.is_set()) == (True, True)


async def test_an_agent_asks_its_own_model_first() -> None:
    own, given = ScriptedModel(["own"]), ScriptedModel(["given"])
    chosen = agent(id="chosen", prompt="x", model=own)
    open_to_all = agent(id="open", prompt="x")
    done = await pipeline(steps=[Step("a", chosen), Step("b", open_to_all)], model=given)

    assert (done.context["a"], done.context["b"]) == ("own", "given")


async def test_without_any_model_the_offline_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "offline_seconds", 0)
    monkeypatch.setattr(conf, "model", "")
    outliner = agent(id="outliner", prompt="You outline what you are given.", output=Outline)
    writer = agent(id="writer", prompt="You write one sentence.")
    steps = [Step("outline", outliner), Step("text", writer)]
    done = await pipeline(steps=steps, context={"topic": "Garlic is planted in October and wants a winter."})

    assert isinstance(done.results.of(outliner).output, Outline)
    assert "arlic" in done.results.of(writer).output


@given(
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=4),
    st.lists(st.tuples(st.text(max_size=5), st.integers()), max_size=6, unique_by=lambda step: step[0]),
)
def test_each_step_sees_what_was_given_and_what_those_before_it_made(
    context: dict[str, int], outputs: list[tuple[str, int]]
) -> None:
    seen: list[dict[str, int]] = []

    def step(name: str, output: int) -> Step:
        async def run(context: dict[str, int]) -> int:
            seen.append(context)
            return output

        return Step(name, run)

    done = asyncio.run(pipeline(steps=[step(*each) for each in outputs], context=context))

    assert seen == [context | dict(outputs[:index]) for index in range(len(outputs))]
    assert done.context == context | dict(outputs)
    assert {name: outcome.output for name, outcome in done.results.items()} == dict(outputs)
    assert done.final_output == (outputs[-1][1] if outputs else None)


async def test_what_came_of_it_is_json_and_typed_again_when_read_back() -> None:
    outliner = agent(id="outliner", prompt="You outline.", output=Outline)
    done = await pipeline(steps=[Step("outline", outliner)], model=ScriptedModel([OUTLINE]))
    read = PipelineResult.model_validate_json(done.model_dump_json())

    assert read.context == {"outline": {"parts": ["soil", "seed"]}}
    assert read.results.outline.output == {"parts": ["soil", "seed"]}
    assert read.results.of(outliner).output == Outline(parts=["soil", "seed"])
