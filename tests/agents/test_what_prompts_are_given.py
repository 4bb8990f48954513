"""Whatever a program gives an agent, a prompt or a tool by mistake is refused in words of ours."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from tasks_app.agents.contexts import context
from tasks_app.agents.creation_tools import create_plan_tool
from tasks_app.agents.generate import generate
from tasks_app.agents.plan_agent import plan_agent
from tasks_app.agents.prompt import prompt
from tasks_app.agents.registry import agent, worker
from tasks_app.agents.schemas import output_of
from tasks_app.agents.steps import has_tool_call, step_count_is
from tasks_app.agents.tools import Tool, tool
from tasks_app.llm.scripted import ScriptedModel
from tests.agents.garbage import Verb, garbage, refused

pytestmark = pytest.mark.django_db(transaction=True)


PROMPT = ["id", "input", "output", "use", "tools", "token_budget"]


@pytest.mark.parametrize("field", PROMPT)
async def test_a_prompt_is_made_or_refused(field: str) -> None:
    async def told(value: Any) -> None:
        await prompt(**{field: value}).inspect()

    for value in garbage().values():
        await refused(told, value)


@pytest.mark.parametrize("field", ["system", "prompt", "messages"])
async def test_a_text_of_a_prompt_is_one_or_refused(field: str) -> None:
    for value in garbage().values():
        if value is not print:  # a function of whoever gives it
            await refused(lambda value=value: prompt(**{field: value}).inspect())


@pytest.mark.parametrize("field", ["model", "input", "use", "tools", "token_budget", "stop_when"])
async def test_a_conversation_is_held_or_refused(field: str) -> None:
    ask = prompt(system="You say hello.")
    for value in garbage().values():
        if value != "" or field != "model":
            model = {"model": ScriptedModel(["Hello."])}
            await refused(generate, ask, **model | {field: value})


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (lambda: generate("say hello"), r"generate takes what prompt\(…\) or agent\(…\) makes, not 'say hello'"),  # type: ignore[arg-type]
        (lambda: generate(prompt(), model=5), "A model is a name, or has a name and complete"),  # type: ignore[arg-type]
        (lambda: prompt(use=[plan_agent(uuid4())]), r"put \.as_context\(\) after it"),  # type: ignore[list-item]
        (lambda: prompt(use=["Be brief."]), r"make one with context\(…\)"),  # type: ignore[list-item]
        (lambda: prompt(system=5), "The system of prompt 'prompt' is a text, or a function"),  # type: ignore[arg-type]
        (lambda: prompt(input={"a": 1}), "is a pydantic model, a class, not {'a': 1}"),  # type: ignore[arg-type]
        (lambda: output_of(5), "An output is a type that pydantic knows, not 5"),
        (lambda: agent(id="a", prompt=None), "The prompt of agent 'a' is a text"),  # type: ignore[call-overload]
        (lambda: agent(id="a", prompt="", stop_when=5), "The stop_when of agent 'a' is a function"),  # type: ignore[call-overload]
        (lambda: worker(print), "An agent's name is 1 to 100 characters"),  # type: ignore[arg-type]
        (lambda: tool(int), "No tool can be made of <class 'int'>"),
        (lambda: Tool("say", "", {}, None), "The execute of tool 'say' is a function"),  # type: ignore[arg-type]
        (lambda: step_count_is(0), "The n of step_count_is is a whole number from 1, not 0"),
        (lambda: has_tool_call(print), "The name of has_tool_call is a text"),  # type: ignore[arg-type]
        (lambda: create_plan_tool(template=5), "The template of create_plan is a text, not 5"),  # type: ignore[arg-type]
        (lambda: context("a", priority="high"), "The priority of context 'context' is a whole number"),  # type: ignore[arg-type]
    ],
)
async def test_a_mistake_in_a_program_is_told_in_words_that_help(verb: Verb, words: str) -> None:
    assert re.search(words, await refused(verb))
