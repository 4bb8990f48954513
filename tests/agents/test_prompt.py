"""Prompts and contexts: what a model is told, and what is left out when room is short."""

from typing import Any

import pytest
from pydantic import BaseModel

from tasks_app.agents.contexts import context
from tasks_app.agents.prompt import prompt
from tasks_app.agents.tools import tool
from tasks_app.errors import ValueRefused


class Order(BaseModel):
    city: str


def test_a_context_has_priority_fifty_unless_it_says_otherwise() -> None:
    assert context("x").priority == 50


async def test_the_system_text_comes_first_and_contexts_follow_in_the_order_of_use() -> None:
    made = prompt(system="You write.", use=[context("One."), context("Two.", priority=90)])

    assert (await made.inspect(use=[context("Three.")]))["system"] == "You write.\n\nOne.\n\nTwo.\n\nThree."


async def test_texts_may_be_functions_of_the_input_or_of_nothing_async_or_not() -> None:
    async def later(input: dict[str, Any]) -> str:
        return f"Go to {input['city']}."

    made = prompt(system=lambda: "You travel.", use=[context(later)], prompt=lambda input: f"To {input['city']}!")
    seen = await made.inspect({"city": "Rome"})

    assert seen["system"] == "You travel.\n\nGo to Rome."
    assert seen["messages"] == [{"role": "user", "content": "To Rome!"}]


async def test_a_function_that_takes_the_input_by_no_place_gets_nothing() -> None:
    async def rules(*, language: str = "English", **more: Any) -> str:
        return f"Write {language}."

    assert (await prompt(system=rules).inspect("x"))["system"] == "Write English."


async def test_messages_come_before_the_prompt() -> None:
    earlier = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    seen = await prompt(messages=earlier, prompt="Now write.").inspect()

    assert seen["messages"] == [*earlier, {"role": "user", "content": "Now write."}]


@pytest.mark.parametrize(("given", "said"), [("text", "text"), ({"a": 1}, '{"a": 1}'), (0, "0")])
async def test_without_prompt_and_messages_the_input_is_the_message(given: Any, said: str) -> None:
    assert (await prompt(system="x").inspect(given))["messages"] == [{"role": "user", "content": said}]


@pytest.mark.parametrize("nothing", [None, "", {}, []])
async def test_an_input_that_says_nothing_is_no_message(nothing: Any) -> None:
    assert (await prompt(system="x").inspect(nothing))["messages"] == []


async def test_the_input_is_checked_and_functions_get_it_as_that_model() -> None:
    made = prompt(input=Order, prompt=lambda order: order.city.upper())

    assert (await made.inspect({"city": "Rome"}))["messages"][0]["content"] == "ROME"
    with pytest.raises(ValueRefused, match="The input is no Order: city: Field required"):
        await made.inspect({"town": "Rome"})


async def test_an_empty_context_is_left_out_and_named() -> None:
    seen = await prompt(system="x", use=[context(lambda: "", id="plan")]).inspect()

    assert (seen["system"], seen["skipped"]) == ("x", ["plan"])


async def test_over_the_budget_whole_contexts_go_lowest_priority_first_and_leave_their_tools() -> None:
    def look() -> str:
        return ""

    made = prompt(
        system="own",
        use=[context("low " * 9, id="low", priority=10, tools=[look]), context("high", id="high", priority=95)],
        token_budget=8,
    )
    seen = await made.inspect()

    assert seen["system"] == "own\n\nhigh"
    assert seen["tokens"] == 4
    assert seen["dropped"] == [{"id": "low", "tokens": 12, "priority": 10, "reason": "over the token budget"}]
    assert seen["tools"] == ["look"]


async def test_the_own_system_text_is_never_dropped() -> None:
    seen = await prompt(system="own " * 100, use=[context("x")]).inspect(token_budget=1)

    assert seen["system"] == ("own " * 100).strip()


async def test_tokens_are_counted_by_whoever_is_given() -> None:
    made = prompt(system="two words", use=[context("three more words")], count_tokens=lambda text: len(text.split()))

    assert (await made.inspect())["tokens"] == 2 + 1 + 3


async def test_on_a_clash_of_names_the_calls_tool_wins_over_the_prompts_and_that_over_a_contexts() -> None:
    def named(words: str) -> Any:
        return tool(name="look", description=words)(lambda: "")

    use = [context("x", tools=[named("context")])]

    assert (await prompt(use=use).render()).tools["look"].description == "context"
    assert (await prompt(use=use, tools=[named("prompt")]).render()).tools["look"].description == "prompt"
    rendered = await prompt(use=use, tools=[named("prompt")]).render(tools=[named("call")])
    assert rendered.tools["look"].description == "call"
