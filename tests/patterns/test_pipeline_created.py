"""What the creation tools of a pipeline's agents made, in its context."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import BaseModel

from tasks_app.agents.contexts import context
from tasks_app.agents.creation_tools import create_plan_tool
from tasks_app.agents.plans import PlanHandle
from tasks_app.agents.prompt import prompt
from tasks_app.agents.registry import agent
from tasks_app.llm.scripted import ScriptedModel, call
from tasks_app.patterns.pipeline import PipelineResult, Step, pipeline

pytestmark = pytest.mark.django_db(transaction=True)


class Outline(BaseModel):
    parts: list[str]


OUTLINE = '{"parts": ["soil", "seed"]}'
PLANNED = call("create_plan", title="Garlic", content="Plant it.")


async def test_what_a_steps_tools_created_stands_in_the_context_by_the_tools_name() -> None:
    plan_tool = create_plan_tool()
    planner = agent(id="planner", prompt="You plan.", tools={"make": plan_tool, "other": create_plan_tool()})
    model = ScriptedModel([call("make", title="Garlic", content="Plant it."), "It is made."])

    def use(context: dict[str, Any]) -> PlanHandle | None:
        assert plan_tool.created == context["plan"]["_created"]["make"]
        return plan_tool.created

    done = await pipeline(steps=[Step("plan", planner), Step("use", use)], model=model)
    handle = done.final_output

    assert (await handle.get()).title == "Garlic"
    assert done.context["plan"] == {"_value": "It is made.", "_created": {"make": handle, "other": None}}
    assert done.results.of(planner).output == "It is made."


async def test_beside_the_fields_of_an_output_that_is_an_object() -> None:
    planner = agent(id="planner", prompt="You plan.", tools=[create_plan_tool()], output=Outline)
    done = await pipeline(steps=[Step("plan", planner)], model=ScriptedModel([PLANNED, OUTLINE]))

    assert done.context["plan"]["parts"] == ["soil", "seed"]
    assert isinstance(done.context["plan"]["_created"]["create_plan"], PlanHandle)
    assert done.final_output == Outline(parts=["soil", "seed"])


async def test_a_step_that_made_nothing_has_nothing_of_an_earlier_one() -> None:
    planner = agent(id="planner", prompt="You plan.", tools=[create_plan_tool()])
    steps = [Step("first", planner), Step("second", planner)]
    done = await pipeline(steps=steps, model=ScriptedModel([PLANNED, "Made.", "Nothing to do."]))

    assert done.context["first"]["_created"]["create_plan"] is not None
    assert done.context["second"] == {"_value": "Nothing to do.", "_created": {"create_plan": None}}


async def test_pipelines_at_once_do_not_see_what_the_others_tools_made() -> None:
    plan_tool = create_plan_tool()
    planner = agent(id="planner", prompt="You plan.", tools=[plan_tool])
    all_planned = asyncio.Barrier(5)

    async def one(number: int) -> tuple[PipelineResult, str]:
        async def meet(context: dict[str, Any]) -> str:
            await all_planned.wait()
            assert plan_tool.created is not None
            return (await plan_tool.created.get()).title

        model = ScriptedModel([call("create_plan", title=str(number), content="x"), "Made."])
        done = await pipeline(steps=[Step("plan", planner), Step("meet", meet)], model=model)
        return done, (await done.context["plan"]["_created"]["create_plan"].get()).title

    async with asyncio.timeout(30):
        made = await asyncio.gather(*map(one, range(5)))

    assert [(done.final_output, title) for done, title in made] == [(str(n), str(n)) for n in range(5)]


async def test_a_later_agent_is_told_the_ids_of_what_was_created() -> None:
    planner = agent(id="planner", prompt="You plan.", tools=[create_plan_tool()])
    reader = agent(id="reader", prompt="You read.")
    model = ScriptedModel([PLANNED, "Made.", "Read."])
    done = await pipeline(steps=[Step("plan", planner), Step("read", reader)], model=model)
    handle = done.context["plan"]["_created"]["create_plan"]

    told = json.loads(model.calls[2].messages[-1]["content"])
    assert told["plan"]["_created"] == {"create_plan": {"id": str(handle.id)}}


async def test_tools_of_an_agents_prompt_and_its_contexts_count_as_its_own() -> None:
    told = prompt(
        system="You plan.",
        tools={"b": create_plan_tool()},
        use=[context("Plan well.", tools={"a": create_plan_tool(), "b": create_plan_tool()})],
    )
    planner = agent(id="planner", prompt=told)
    model = ScriptedModel([[call(name, title=name, content="x") for name in "ab"], "Made."])
    done = await pipeline(steps=[Step("plan", planner)], model=model)
    created = done.context["plan"]["_created"]

    assert {name: (await handle.get()).title for name, handle in created.items()} == {"a": "a", "b": "b"}
