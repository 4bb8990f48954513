"""Generate within an attempt: it is the attempt that has limits, a deadline and a transcript, not the conversation."""

import asyncio
import time
from typing import Any

import pytest

from tasks_app.agents import registry
from tasks_app.agents.generate import generate
from tasks_app.agents.limits import LimitReached
from tasks_app.agents.prompt import prompt
from tasks_app.agents.registry import agent, worker
from tasks_app.agents.tools import tool
from tasks_app.conf import conf
from tasks_app.crossing import run_sync
from tasks_app.llm.client import Models, open_models
from tasks_app.llm.loopback import serve
from tasks_app.llm.scripted import Scripted, ScriptedModel, call, serving
from tests.agents.attempts import ModelsOf, a_claim, calls_of, failure_of, task_of

pytestmark = pytest.mark.django_db(transaction=True)

ASK = prompt(id="ask", system="You count.")
LOOK = prompt(id="look", system="You look.", tools={"look": lambda page: f"page {page}"})


async def work(model: ScriptedModel, **task: Any) -> Any:
    """Let the worker `count` do a task with this model; how the task stands then."""
    claim = await a_claim("count", **task)
    await registry.run_attempt(claim, ModelsOf(model))
    return await task_of(claim)


async def test_every_call_may_be_tried_until_the_attempts_deadline() -> None:
    @worker("count")
    async def count(text: str) -> None:
        await generate(ASK, input=text)
        await generate(ASK, input=text)

    model, began = ScriptedModel(["One.", "Two."]), time.monotonic()
    await work(model, input="x")
    first, second = [each.deadline for each in model.calls]

    assert first == second
    assert began + conf.attempt_seconds <= (first or 0) <= time.monotonic() + conf.attempt_seconds


async def test_outside_an_attempt_a_call_has_no_deadline() -> None:
    model = ScriptedModel(["One."])
    await generate(ASK, input="x", model=model)

    assert [each.deadline for each in model.calls] == [None]


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("max_steps", 3, "3 model calls"),
        ("max_tool_calls", 1, "1 tool calls"),
        ("max_tokens", 40, "45 tokens"),
    ],
)
async def test_the_limits_hold_for_all_its_conversations_together(
    setting: str, value: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @worker("count")
    async def count(text: str) -> None:
        while True:
            await generate(LOOK, input=text)

    monkeypatch.setattr(conf, setting, value)
    model = ScriptedModel([call("look", page=1), "Seen."] * 5)
    error = await failure_of(await a_claim("count", input="x"), ModelsOf(model))

    assert isinstance(error, LimitReached)
    assert words in str(error)
    assert f"CRUX_{setting.upper()}" in str(error)


async def test_conversations_side_by_side_share_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    @worker("count")
    async def count(text: str) -> list[str]:
        asked = [generate(ASK, input=text) for _ in range(5)]
        return [type(each).__name__ for each in await asyncio.gather(*asked, return_exceptions=True)]

    monkeypatch.setattr(conf, "max_steps", 3)
    task = await work(ScriptedModel(["One."] * 5), input="x")

    assert sorted(task.result) == ["Generation"] * 3 + ["LimitReached"] * 2


async def test_what_an_agents_tool_asks_is_used_by_the_agents_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(question: str) -> str:
        return (await generate(ASK, input=question)).text

    agent(id="count", prompt="You count.", tools=[ask])
    monkeypatch.setattr(conf, "max_steps", 3)
    model = ScriptedModel([call("ask", question="a"), "One.", call("ask", question="b"), "never asked"])
    error = await failure_of(await a_claim("count"), ModelsOf(model))

    assert "3 model calls" in str(error)
    assert len(model.calls) == 3


async def test_the_model_is_the_tasks_else_the_agents_else_the_calls_else_the_deployments() -> None:
    bound, free = agent(id="bound", prompt="x", model="agents"), agent(id="free", prompt="x")

    @worker("count")
    async def count(text: str) -> None:
        await generate(bound, input=text, model="calls")
        await generate(free, input=text, model="calls")
        await generate(ASK, input=text, model="calls")
        await generate(ASK, input=text)

    for of_task, expected in [("", ["agents", "calls", "calls", None]), ("tasks", ["tasks"] * 4)]:
        models = ModelsOf(ScriptedModel(["One."] * 4))
        await registry.run_attempt(await a_claim("count", input="x", model=of_task), models)
        assert models.asked_for == expected


async def test_circles_are_told_for_each_conversation_alone() -> None:
    @worker("count")
    async def count(text: str) -> str:
        return " ".join([(await generate(LOOK, input=text)).text for _ in range(4)])

    task = await work(ScriptedModel([call("look", page=1), "Seen."] * 4), input="x")

    assert task.result == "Seen. Seen. Seen. Seen."


async def test_a_conversation_that_goes_in_circles_ends_with_that_diagnosis() -> None:
    @worker("count")
    async def count(text: str) -> None:
        await generate(LOOK, input=text)

    error = await failure_of(await a_claim("count", input="x"), ModelsOf(ScriptedModel([call("look", page=1)] * 9)))

    assert "goes in circles: it called 'look' 3 times" in str(error)


async def test_a_plain_function_and_a_plain_tool_may_ask_an_endpoint_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    @tool
    def half() -> str:
        """Ask for the half."""
        return run_sync(generate, ASK, input="half", model="half-model").text

    @worker("count")
    def count(text: str) -> str:
        return run_sync(generate, prompt(system="You count.", tools=[half]), input=text, model="count-model").text

    script: list[Scripted] = [call("half"), "Two.", "Four."]
    claim = await a_claim("count", input="How many?")
    async with serve(serving(ScriptedModel(script))) as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)
        models: Models
        async with open_models() as models:
            await registry.run_attempt(claim, models)

    assert (await task_of(claim)).result == "Four."
    assert [each.error for each in await calls_of(claim)] == ["", "", ""]
