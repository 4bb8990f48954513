"""Generate: a conversation outside the pool."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from tasks_app.agents.contexts import context
from tasks_app.agents.generate import generate
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


async def test_an_agent_brings_its_prompt_tools_model_and_output() -> None:
    model = ScriptedModel([call("look", page=1), '{"name": "Rome"}'])
    guide = agent(id="guide", prompt="You guide.", tools=[look], model=model, output=City)
    made: Any = await generate(guide, input="Where now?")

    assert made.output == City(name="Rome")
    assert model.calls[0].messages[-1] == {"role": "user", "content": "Where now?"}


async def test_what_came_of_it_is_json() -> None:
    made = await generate(prompt(prompt="Where?", output=City), model=ScriptedModel(['{"name": "Rome"}']))

    assert json.loads(made.model_dump_json())["output"] == {"name": "Rome"}
