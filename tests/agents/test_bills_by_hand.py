"""What a conversation costs that works on a task by hand is on record with the attempt it opens."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Count

from tasks_app.agents.generate import Generation, generate
from tasks_app.agents.prompt import prompt
from tasks_app.agents.registry import run_attempt, worker
from tasks_app.agents.scope import current_attempt
from tasks_app.agents.task_worker import TaskWorker, task_worker
from tasks_app.agents.tools import tool
from tasks_app.crossing import in_db
from tasks_app.errors import ModelError, Refused
from tasks_app.llm.scripted import Scripted, ScriptedModel, call, reply
from tasks_app.models import Attempt, Message, ModelCall, Task, TaskList
from tests.agents.attempts import a_claim, made, no_models, use

pytestmark = pytest.mark.django_db(transaction=True)

DRAFT = prompt(system="Complete your task.", prompt="Begin.")


async def work(hand: TaskWorker, *script: Scripted, **options: Any) -> Generation:
    """Let a model of this script work with the worker's context and tools."""
    model = ScriptedModel(script)
    return await generate(DRAFT, model=model, use=[hand.as_context()], tools=hand.as_tools(), **options)


async def bills() -> dict[str, int]:
    """How many model calls are on record with each task."""
    return await in_db(lambda: dict(ModelCall.objects.values_list("attempt__task__key").annotate(Count("pk"))))


async def roles(task_id: str) -> list[str]:
    """Who said something, in the order recorded with this task."""
    return await in_db(
        lambda: list(
            Message.objects.filter(attempt__task__key=task_id).order_by("position").values_list("role", flat=True)
        )
    )


async def test_all_of_the_conversation_is_on_record_with_the_attempt_from_its_first_word() -> None:
    task_list = await made("a")
    paid = reply(call("start_task"), cost=Decimal("0.25"))
    hand = task_worker(task_list.id, "a")
    await work(hand, paid, call("complete_task", result="x"), reply("Done.", cost=Decimal("0.5")))

    assert await bills() == {"a": 3}
    assert await roles("a") == ["system", "user", "assistant", "tool", "assistant", "tool", "assistant"]
    for model in (Task, TaskList):
        assert await in_db(model.objects.values_list("tokens", "cost").get) == (45, Decimal("0.75"))
    attempt = await in_db(Attempt.objects.get)
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cost) == (30, 15, Decimal("0.75"))


async def test_a_task_completed_without_a_start_has_the_call_that_did_it() -> None:
    task_list = await made("a")
    await work(task_worker(task_list.id, "a"), call("complete_task", result="x"), "Done.")

    assert await bills() == {"a": 2}
    assert (await in_db(Task.objects.get)).tokens == 30


async def test_a_call_that_ends_in_an_error_is_on_record() -> None:
    task_list = await made("a")
    with pytest.raises(ModelError):
        await work(task_worker(task_list.id, "a"), call("start_task"), ModelError("no credit"))

    errors = await in_db(lambda: list(ModelCall.objects.order_by("number").values_list("number", "error")))
    assert errors == [(1, ""), (2, "no credit")]


async def test_each_of_two_at_once_has_its_own() -> None:
    task_list = await made("a", "b")
    script: list[Scripted] = [call("start_task"), call("complete_task"), "Done."]
    await asyncio.gather(
        work(task_worker(task_list.id, "a"), *script),
        work(task_worker(task_list.id, "b"), call("report_progress", message="x"), *script),
    )
    assert await bills() == {"a": 3, "b": 4}
    assert (await roles("a")).count("system") == (await roles("b")).count("system") == 1


async def test_one_after_the_other_in_one_conversation_each_has_the_calls_since_its_start() -> None:
    task_list = await made("a", "b")
    first, second = task_worker(task_list.id, "a"), task_worker(task_list.id, "b")
    tools = {f"{name}_{n}": each for n, hand in enumerate((first, second)) for name, each in hand.as_tools().items()}
    script: list[Scripted] = [call("complete_task_0"), call("start_task_1"), call("complete_task_1"), "Done."]
    await generate(DRAFT, model=ScriptedModel(script), tools=tools)

    assert await bills() == {"a": 2, "b": 2}


async def test_a_conversation_that_opens_nothing_is_on_nobodys_bill() -> None:
    task_list = await made("a")
    holder = task_worker(task_list.id, "a")
    await use(holder, "start_task")
    await work(task_worker(task_list.id, "a"), call("start_task"), "It is held by another.")

    assert await bills() == {}


async def test_tools_know_the_attempt_once_it_is_open() -> None:
    task_list = await made("a")
    seen: list[str] = []

    @tool
    def look() -> str:
        """Look who works here."""
        seen.append(current_attempt().task.id)
        return seen[-1]

    with pytest.raises(Refused):
        current_attempt()
    hand = task_worker(task_list.id, "a")
    model = ScriptedModel([call("look"), call("start_task"), call("look"), "Done."])
    await generate(DRAFT, model=model, tools={"look": look} | hand.as_tools())
    assert seen == ["a"]
    with pytest.raises(Refused):
        current_attempt()


async def test_what_a_tool_asks_a_model_belongs_to_the_attempt_as_well() -> None:
    task_list = await made("a")

    @tool
    async def ask() -> str:
        """Ask a colleague."""
        return (await generate(DRAFT, model=ScriptedModel(["Rome."]))).text

    hand = task_worker(task_list.id, "a")
    model = ScriptedModel([call("ask"), call("start_task"), call("ask"), "Done."])
    await generate(DRAFT, model=model, tools={"ask": ask} | hand.as_tools())
    assert await bills() == {"a": 6}


async def test_within_an_attempt_of_the_pool_each_call_is_on_one_bill() -> None:
    task_list = await made("part")

    @worker("boss")
    async def boss(input: Any) -> str:
        await generate(DRAFT, model=ScriptedModel(["A plan."]))
        hand = task_worker(task_list.id, "part")
        await work(hand, call("start_task"), call("complete_task", result=1), "Done.")
        await generate(DRAFT, model=ScriptedModel(["A summary."]))
        return current_attempt().task.id

    await run_attempt(await a_claim("boss", id="whole"), no_models())

    assert await bills() == {"whole": 2, "part": 3}
    assert await roles("part") == ["system", "user", "assistant", "tool", "assistant", "tool", "assistant"]
    results = await in_db(lambda: dict(Task.objects.values_list("key", "result")))
    assert results == {"whole": "whole", "part": 1}


async def test_within_an_attempt_of_the_pool_only_the_last_call_is_not_on_record_yet() -> None:
    seen: list[dict[str, int]] = []

    async def note(messages: Any, tools: Any) -> Any:
        seen.append(await bills())
        return call("look", page=len(seen)) if len(seen) < 3 else "Read."

    @worker("reader")
    async def read(input: Any) -> str:
        return (await generate(DRAFT, model=ScriptedModel([note] * 3), tools={"look": lambda page: page})).text

    await run_attempt(await a_claim("reader", id="a"), no_models())
    assert (seen[-1], await bills()) == ({"a": 1}, {"a": 3})
