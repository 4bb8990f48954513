"""One agent on one task: from the claim to the end of its attempt."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from tasks_app.agents import registry
from tasks_app.agents.prompt import prompt
from tasks_app.agents.registry import agent
from tasks_app.agents.scope import current_attempt
from tasks_app.agents.steps import has_tool_call, step_count_is
from tasks_app.errors import AttemptLost, ModelError, ValueRefused
from tasks_app.llm.model import Usage
from tasks_app.llm.scripted import Scripted, ScriptedModel, call, reply
from tests.agents.attempts import (
    ModelsOf,
    a_claim,
    answers,
    attempt_row,
    attempts_of,
    calls_of,
    cancel,
    failure_of,
    task_of,
    transcript_of,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)

FOUR_CALLS: list[Scripted] = [
    call("start_task"),
    call("report_progress", message="Reading"),
    call("complete_task", result={"words": 3}),
    "Done.",
]


class Review(BaseModel):
    title: str
    stars: int


@pytest.fixture(autouse=True)
def writer(own_registry: None) -> None:
    agent(id="writer", prompt="You write.")


async def test_an_agent_starts_reports_completes_and_has_the_last_word() -> None:
    task, model = await work(FOUR_CALLS, input="A text of three words.")

    assert (task.status, task.result, task.progress) == ("completed", {"words": 3}, "Reading")
    assert len(model.calls) == 4
    assert [answer["status"] for answer in answers(model, 4)] == ["in_progress", "in_progress", "completed"]


async def test_the_model_is_told_its_assignment_in_the_system_text_and_the_input_as_the_message() -> None:
    _, model = await work(FOUR_CALLS, label="Chapter one", description="Two pages.", input="Once upon a time")
    system, user = model.calls[0].messages

    assert system["content"].startswith("You write.\n\n## Your Assignment\n**Task:** Chapter one (assigned to writer)")
    assert "**Description:** Two pages." in system["content"]
    assert "Once upon" not in system["content"]
    assert user == {"role": "user", "content": "Once upon a time"}


async def test_a_prompt_that_does_not_take_the_input_finds_it_in_the_assignment() -> None:
    agent(id="poet", prompt=prompt(system="You rhyme.", prompt="Write it."))
    claim, model = await a_claim("poet", input={"about": "rain"}), ScriptedModel(FOUR_CALLS)
    await registry.run_attempt(claim, ModelsOf(model))
    system, user = model.calls[0].messages

    assert '**Input:**\n{"about": "rain"}' in system["content"]
    assert user["content"] == "Write it."


async def test_without_any_input_the_model_is_told_to_begin() -> None:
    _, model = await work(FOUR_CALLS)

    assert model.calls[0].messages[-1] == {"role": "user", "content": "Begin your task."}


async def test_the_next_attempt_is_told_why_the_last_one_failed() -> None:
    claim = await a_claim(max_attempts=2)
    again = replace(claim, task=replace(claim.task, feedback="no sources"))
    model = ScriptedModel(FOUR_CALLS)
    await registry.run_attempt(again, ModelsOf(model))

    assert "no sources" in model.calls[0].messages[0]["content"]


async def test_the_model_is_the_tasks_else_the_agents_else_the_deployments() -> None:
    agent(id="big", prompt="x", model="big-model")
    for of_agent, of_task, expected in [("big", "own", "own"), ("big", "", "big-model"), ("writer", "", None)]:
        models = ModelsOf(ScriptedModel(FOUR_CALLS))
        await registry.run_attempt(await a_claim(of_agent, model=of_task), models)
        assert models.asked_for == [expected]


async def test_an_agent_may_bring_its_model_itself() -> None:
    own = ScriptedModel(FOUR_CALLS)
    agent(id="own", prompt="x", model=own)
    claim = await a_claim("own")
    await registry.run_attempt(claim, ModelsOf(ScriptedModel([])))

    assert (await task_of(claim)).status == "completed"


async def test_every_call_and_every_message_is_recorded_once() -> None:
    claim = await a_claim(input="text")
    script: list[Scripted] = [
        reply(call("start_task"), usage=Usage(100, 10), cost=Decimal("0.5")),
        reply(call("complete_task", result="x"), usage=Usage(200, 20), cost=Decimal("0.25")),
        reply("Done.", usage=Usage(300, 30), cost=Decimal("0.25")),
    ]
    await registry.run_attempt(claim, ModelsOf(ScriptedModel(script)))

    roles = [message["role"] for message in await transcript_of(claim)]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "tool", "assistant"]
    assert [(each.number, each.input_tokens) for each in await calls_of(claim)] == [(1, 100), (2, 200), (3, 300)]
    task, attempt = await task_of(claim), await attempt_row(claim)
    assert (task.tokens, task.cost) == (660, Decimal(1))
    assert (attempt.input_tokens, attempt.output_tokens) == (600, 60)


async def test_a_failed_last_word_does_not_hurt_the_result() -> None:
    claim = await a_claim()
    model = ScriptedModel([call("complete_task", result="x"), ModelError("the endpoint is gone")])
    await registry.run_attempt(claim, ModelsOf(model))

    assert await attempts_of(claim) == [("completed", "")]
    assert [each.error for each in await calls_of(claim)] == ["", "the endpoint is gone"]


async def test_calls_beside_and_after_the_completion_do_nothing() -> None:
    done: list[str] = []
    agent(id="eager", prompt="x", tools={"send": lambda: done.append("sent")})
    claim = await a_claim("eager")
    both: list[Scripted] = [[call("complete_task", result="x"), call("send")], call("send")]
    await registry.run_attempt(claim, ModelsOf(ScriptedModel(both)))

    assert done == []
    assert (await task_of(claim)).result == "x"


async def test_stopping_at_complete_task_saves_the_last_call() -> None:
    agent(id="brief", prompt="x", stop_when=has_tool_call("complete_task"))
    claim, model = await a_claim("brief"), ScriptedModel([call("complete_task", result="x")])
    await registry.run_attempt(claim, ModelsOf(model))

    assert len(model.calls) == 1
    assert await attempts_of(claim) == [("completed", "")]


async def test_an_agent_stopped_before_its_end_fails_by_the_name_of_the_condition() -> None:
    agent(id="short", prompt="x", stop_when=step_count_is(2))
    claim = await a_claim("short")
    error = await failure_of(claim, ModelsOf(ScriptedModel(FOUR_CALLS)))

    assert str(error) == "The agent was stopped by step_count_is(2) before it ended its task."


async def test_an_agent_whose_task_was_cancelled_stops_and_its_call_is_paid_and_on_record() -> None:
    claim = await a_claim()

    async def meanwhile(messages: Any, tools: Any) -> Any:
        await cancel(claim)
        return reply(call("report_progress", message="still here"), usage=Usage(70, 7))

    model = ScriptedModel([meanwhile, "never asked"])
    with pytest.raises(AttemptLost, match="was cancelled"):
        await registry.run_attempt(claim, ModelsOf(model))
    task = await task_of(claim)

    assert len(model.calls) == 1
    assert (task.status, task.tokens) == ("cancelled", 77)
    assert len(await calls_of(claim)) == 1


async def test_a_cancelled_run_leaves_the_attempt_to_whoever_cancelled_it() -> None:
    claim = await a_claim()
    model = ScriptedModel(["never said"], gate=asyncio.Event())
    running = asyncio.create_task(registry.run_attempt(claim, ModelsOf(model)))
    await model.reached(1)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert await attempts_of(claim) == [("running", "")]


async def test_an_input_the_prompt_cannot_take_fails_before_any_call() -> None:
    agent(id="critic", prompt=prompt(system="x", input=Review))
    claim, model = await a_claim("critic", input={"title": "Fine"}), ScriptedModel([])
    error = await failure_of(claim, ModelsOf(model))

    assert str(error) == "The input is no Review: stars: Field required."
    assert model.calls == []


async def test_tools_know_the_attempt_they_work_for() -> None:
    seen: list[Any] = []
    agent(id="sender", prompt="x", tools={"send": lambda: seen.append(current_attempt().id)})
    claim = await a_claim("sender")
    await registry.run_attempt(claim, ModelsOf(ScriptedModel([call("send"), call("complete_task"), "Done."])))

    assert seen == [claim.attempt_id]


def test_an_agents_own_tools_may_not_take_the_workers_names() -> None:
    with pytest.raises(ValueRefused, match="tool named 'complete_task'"):
        agent(id="bad", prompt="x", tools={"complete_task": lambda: ""})
