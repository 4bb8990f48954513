"""Generate: a conversation outside the pool."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from tasks_app.agents.contexts import context
from tasks_app.agents.generate import Generation, generate
from tasks_app.agents.prompt import prompt
from tasks_app.agents.registry import agent
from tasks_app.agents.steps import step_count_is
from tasks_app.errors import ModelError
from tasks_app.llm.scripted import ScriptedModel, call


class City(BaseModel):
    name: str


def look(page: int) -> str:
    """Look at a page."""
    return f"page {page}"


ASKED = prompt(system="You read.", prompt="Read.", tools=[look])


async def test_it_goes_on_until_the_model_calls_no_tool() -> None:
    model = ScriptedModel([call("look", page=1), call("look", page=2), "Read."])
    made = await generate(ASKED, model=model)

    assert (made.text, made.steps, made.stopped_by) == ("Read.", 3, "no_tool_calls")
    assert (made.usage.input_tokens, made.usage.output_tokens) == (30, 15)
    assert model.calls[2].messages[-1]["content"] == "page 2"


async def test_it_stops_where_it_is_told_to() -> None:
    model = ScriptedModel([call("look", page=page) for page in range(20)])

    assert (await generate(ASKED, model=model, stop_when=step_count_is(2))).stopped_by == "step_count_is(2)"
    assert len(model.calls) == 2


async def test_it_makes_ten_steps_where_nobody_says_when_to_stop() -> None:
    model = ScriptedModel([call("look", page=page) for page in range(20)])

    assert (await generate(ASKED, model=model)).steps == 10


async def test_contexts_and_tools_of_the_call_are_added() -> None:
    model = ScriptedModel(["Hi."])
    await generate(ASKED, model=model, use=[context("Be kind.")], tools={"smile": lambda: ":)"})

    assert model.calls[0].messages[0]["content"] == "You read.\n\nBe kind."
    assert [spec["function"]["name"] for spec in model.calls[0].tools] == ["look", "smile"]


@pytest.mark.parametrize("text", ['{"name": "Rome"}', '```json\n{"name": "Rome"}\n```'])
async def test_with_an_output_the_final_text_is_read_into_it(text: str) -> None:
    made = await generate(prompt(prompt="Where?", output=City), model=ScriptedModel([text]))

    assert made.output == City(name="Rome")


async def test_a_wrong_output_goes_back_once_with_the_errors() -> None:
    model = ScriptedModel(['{"town": "Rome"}', '{"name": "Rome"}'])
    made = await generate(prompt(prompt="Where?", output=City), model=model)

    assert made.output == City(name="Rome")
    assert "name: Field required" in model.calls[1].messages[-1]["content"]


async def test_a_wrong_output_twice_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="not what was asked for"):
        await generate(prompt(prompt="Where?", output=City), model=ScriptedModel(["Rome", "Rome!"]))


async def test_a_conversation_that_was_stopped_still_owes_its_output() -> None:
    model = ScriptedModel([call("look", page=1), '{"name": "Rome"}'])
    asked = prompt(prompt="Where?", tools=[look], output=City)
    made = await generate(asked, model=model, stop_when=step_count_is(1))

    assert (made.output, made.steps) == (City(name="Rome"), 2)
    with pytest.raises(ModelError, match="not what was asked for"):
        await generate(asked, model=ScriptedModel([call("look", page=1)] * 2), stop_when=step_count_is(1))


async def test_its_budget_covers_the_wish_for_json() -> None:
    model = ScriptedModel(['{"name": "Rome"}'])
    asked = prompt(system="own", prompt="Where?", use=[context("x")], output=City)
    seen = await asked.inspect()
    await generate(asked, model=model, token_budget=seen["tokens"] - 1)

    assert model.calls[0].messages[0]["content"] == (await asked.inspect(token_budget=0))["system"]


async def test_what_inspect_tells_is_what_is_sent() -> None:
    model = ScriptedModel(['{"name": "Rome"}'])
    asked = prompt(system="own", use=[context("x")], tools=[look], output=City)
    await generate(asked, model=model, input="Where?")
    seen, (sent,) = await asked.inspect("Where?"), model.calls

    assert list(sent.messages) == [{"role": "system", "content": seen["system"]}, *seen["messages"]]
    assert [spec["function"]["name"] for spec in sent.tools] == seen["tools"]


async def test_a_model_of_the_call_is_asked_where_the_agent_names_none() -> None:
    own, other = ScriptedModel(["own"]), ScriptedModel(["other"])

    assert (await generate(agent(id="free", prompt="x"), model=other, input="?")).text == "other"
    assert (await generate(agent(id="bound", prompt="x", model=own), model=other, input="?")).text == "own"


async def test_an_agent_without_an_output_of_its_own_has_its_prompts() -> None:
    asked = prompt(output=City)

    assert agent(id="guide", prompt=asked).output is City
    assert agent(id="lister", prompt=asked, output=list[City]).output == list[City]
    assert agent(id="talker", prompt="You talk.").output is None


async def test_an_agent_brings_its_prompt_tools_model_and_output() -> None:
    model = ScriptedModel([call("look", page=1), '{"name": "Rome"}'])
    guide = agent(id="guide", prompt="You guide.", tools=[look], model=model, output=City)
    made: Any = await generate(guide, input="Where now?")

    assert made.output == City(name="Rome")
    assert model.calls[0].messages[-1] == {"role": "user", "content": "Where now?"}


async def test_what_came_of_it_is_json_and_can_be_read_back_with_its_type() -> None:
    made = await generate(prompt(prompt="Where?", output=City), model=ScriptedModel(['{"name": "Rome"}']))
    stored = made.model_dump_json()

    assert json.loads(stored)["output"] == {"name": "Rome"}
    assert Generation[City].model_validate_json(stored) == made
    assert Generation.model_validate_json(stored).output == {"name": "Rome"}
    assert TypeAdapter(Generation[City]).validate_python(made).output is made.output
