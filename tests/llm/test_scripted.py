from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
from decimal import Decimal
from typing import Any

import pytest

from tasks_app.errors import ModelError
from tasks_app.llm.client import open_models
from tasks_app.llm.loopback import serve_in_thread
from tasks_app.llm.model import Message, Model, Usage
from tasks_app.llm.scripted import ScriptedModel, call, reply, serving

HELLO: list[Message] = [{"role": "user", "content": "Hello?"}]


async def test_replies_come_in_order_and_calls_are_kept_as_they_were() -> None:
    model = ScriptedModel([call("start_task"), "Done."])
    messages = list(HELLO)
    first = await model.complete(
        messages, [{"type": "function", "function": {"name": "start_task"}}], deadline=5
    )
    messages.append(first.message)
    second = await model.complete(messages)
    assert first.finish_reason == "tool_calls"
    assert first.message["tool_calls"] == [
        {"id": "call_1_0", "type": "function", "function": {"name": "start_task", "arguments": "{}"}}
    ]
    assert (second.message, second.finish_reason, second.model) == (
        {"role": "assistant", "content": "Done."},
        "stop",
        "scripted",
    )
    assert [len(made.messages) for made in model.calls] == [1, 2]
    assert model.calls[0].deadline == 5
    assert model.calls[0].tools[0]["function"]["name"] == "start_task"


async def test_one_message_may_hold_several_calls() -> None:
    said = await ScriptedModel([[call("a", x=1), call("b")]]).complete(HELLO)
    assert [(c["id"], c["function"]["name"]) for c in said.message["tool_calls"]] == [
        ("call_1_0", "a"),
        ("call_1_1", "b"),
    ]


async def test_exceptions_are_raised_and_functions_are_asked() -> None:
    async def late(messages: Any, tools: Any) -> Any:
        return call("count", messages=len(messages))

    def fails(messages: Any, tools: Any) -> Any:
        return ModelError("from inside")

    model = ScriptedModel([ModelError("down"), late, fails, lambda messages, tools: "Plain."])
    with pytest.raises(ModelError, match="down"):
        await model.complete(HELLO)
    asked = await model.complete(HELLO)
    assert asked.message["tool_calls"][0]["function"]["arguments"] == '{"messages": 1}'
    with pytest.raises(ModelError, match="from inside"):
        await model.complete(HELLO)
    assert (await model.complete(HELLO)).message["content"] == "Plain."


async def test_tokens_and_cost_can_be_scripted() -> None:
    said = await ScriptedModel([reply("Hi.", usage=Usage(7, 3), cost=Decimal("0.01"))]).complete(HELLO)
    assert (said.usage.total, said.cost) == (10, Decimal("0.01"))


async def test_a_script_that_ran_out_says_so() -> None:
    model = ScriptedModel(["One."], name="writer")
    await model.complete(HELLO)
    with pytest.raises(ModelError, match=r"'writer' has 1 replies .* one more.*user: 'Hello\?'") as caught:
        await model.complete(HELLO)
    assert not caught.value.retryable


async def test_a_gate_holds_the_calls_until_it_opens() -> None:
    gate = asyncio.Event()
    model = ScriptedModel(["One.", "Two."], gate=gate)
    calls = [asyncio.create_task(model.complete(HELLO)) for _ in range(2)]
    await model.reached(2)
    assert not any(task.done() for task in calls)
    gate.set()
    assert [said.message["content"] for said in await asyncio.gather(*calls)] == ["One.", "Two."]


async def test_by_turn_one_script_serves_many_conversations() -> None:
    model = ScriptedModel([call("start_task"), "Done."], by_turn=True)
    started = await asyncio.gather(*(model.complete(HELLO) for _ in range(3)))
    assert all(said.finish_reason == "tool_calls" for said in started)
    ended = await asyncio.gather(*(model.complete([*HELLO, said.message]) for said in started))
    assert {said.message["content"] for said in ended} == {"Done."}


def test_a_scripted_model_is_a_model() -> None:
    assert isinstance(ScriptedModel([]), Model)


async def test_served_in_process_it_answers_through_the_real_client() -> None:
    scripted = ScriptedModel([reply("Hi.", usage=Usage(7, 3), cost=Decimal("0.25"))], name="mine")
    async with open_models(app=serving(scripted)) as models:
        said = await models.get("mine").complete(HELLO)
    assert (said.model, said.usage, said.cost) == ("mine", Usage(7, 3), Decimal("0.25"))
    assert scripted.calls[0].messages == tuple(HELLO)


async def test_a_script_that_ran_out_fails_at_once_through_the_client_too() -> None:
    async with open_models(app=serving(ScriptedModel([]))) as models:
        with pytest.raises(ModelError, match="asked for one more"):
            await models.get("m").complete(HELLO)


def test_other_programs_reach_it_over_http() -> None:
    threads = threading.active_count()
    with serve_in_thread(serving(ScriptedModel(["One.", "Two."], name="mine"))) as base_url:
        models = json.load(urllib.request.urlopen(f"{base_url}/models"))
        asked = [_ask(base_url) for _ in range(2)]
        with pytest.raises(urllib.error.HTTPError, match="400"):
            _ask(base_url)
    assert [model["id"] for model in models["data"]] == ["mine"]
    assert [answer["choices"][0]["message"]["content"] for answer in asked] == ["One.", "Two."]
    assert threading.active_count() == threads


def _ask(base_url: str) -> Any:
    body = json.dumps({"model": "mine", "messages": HELLO}).encode()
    request = urllib.request.Request(
        f"{base_url}/chat/completions", body, {"content-type": "application/json"}
    )
    return json.load(urllib.request.urlopen(request))
