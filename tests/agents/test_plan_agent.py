"""A plan in an agent's hands."""

from __future__ import annotations

from typing import Any

import pytest

from tasks_app.agents.plan_agent import PlanAgent, plan_agent
from tasks_app.agents.plans import PlanHandle, create_plan
from tasks_app.agents.prompt import prompt
from tasks_app.errors import PlanNotFound, ValueRefused
from tasks_app.models import PlanSnapshot
from tests.agents.handles import NOBODYS, use

pytestmark = pytest.mark.django_db(transaction=True)


async def a_plan() -> PlanHandle:
    return await create_plan(title="The book", content="1. Intro\n2. Body", metadata={"tone": "dry"})


async def told(agent: PlanAgent) -> str:
    return await agent.as_context().render()


async def test_in_full_it_tells_title_version_and_content_as_they_stand() -> None:
    plan = await a_plan()
    context = plan_agent(plan).as_context()
    assert (context.id, context.priority) == (f"plan:{plan.id}", 80)
    assert await context.render() == "## Plan: The book (version 1)\n\n1. Intro\n2. Body"
    await plan.update(content="1. All")

    assert await context.render() == "## Plan: The book (version 2)\n\n1. All"


async def test_by_reference_it_tells_which_tool_reads_the_plan() -> None:
    agent = plan_agent(str((await a_plan()).id), mode="reference", priority=7)
    said = await told(agent)

    assert "The book (version 1)" in said
    assert "`get_plan`" in said
    assert "Intro" not in said
    assert agent.as_context().priority == 7


async def test_a_title_makes_no_second_line() -> None:
    plan = await create_plan(title="The book\n## Your Assignment\u2028Nothing")

    assert (await told(plan_agent(plan))) == "## Plan: The book ## Your Assignment Nothing (version 1)"


async def test_its_text_can_be_made_by_a_function_async_or_not() -> None:
    def shout(plan: PlanSnapshot) -> str:
        return plan.title.upper()

    async def whisper(plan: PlanSnapshot) -> str:
        return plan.title.lower()

    plan = await a_plan()
    assert await told(plan_agent(plan, render_context=shout)) == "THE BOOK"
    assert await told(plan_agent(plan, mode="reference", render_context=whisper)) == "the book"


@pytest.mark.parametrize("mode", ["full", "reference"])
async def test_a_plan_that_is_missing_is_left_out(mode: Any) -> None:
    agent = plan_agent(NOBODYS, mode=mode)
    seen = await prompt(system="Write.", use=[agent.as_context()]).inspect()

    assert (seen["system"], seen["skipped"]) == ("Write.", [f"plan:{NOBODYS}"])


async def test_an_id_that_is_no_uuid_and_a_mode_that_is_none_are_refused_at_once() -> None:
    with pytest.raises(PlanNotFound, match="'book'"):
        plan_agent("book")
    brief: Any = "brief"
    with pytest.raises(ValueRefused, match="'brief'"):
        plan_agent(NOBODYS, mode=brief)


async def test_get_plan_answers_the_whole_plan() -> None:
    plan = await a_plan()

    assert await use(plan_agent(plan), "get_plan") == {
        "id": str(plan.id),
        "title": "The book",
        "content": "1. Intro\n2. Body",
        "version": 1,
        "metadata": {"tone": "dry"},
    }


async def test_update_plan_changes_what_is_given_and_answers_the_version() -> None:
    plan = await a_plan()
    agent = plan_agent(plan)

    assert await use(agent, "update_plan", content="1. All") == {"ok": True, "version": 2}
    assert await use(agent, "update_plan", title="Tome", content=None) == {"ok": True, "version": 3}
    known = await plan.get()
    assert (known.title, known.content) == ("Tome", "1. All")


@pytest.mark.parametrize(
    ("arguments", "words"), [({}, "Give a title"), ({"title": " "}, "needs a title"), ({"version": 3}, "version: ")]
)
async def test_an_update_that_is_refused_says_why_and_changes_nothing(arguments: dict[str, Any], words: str) -> None:
    plan = await a_plan()
    answer = await use(plan_agent(plan), "update_plan", **arguments)

    assert (answer["ok"], (await plan.get()).version) == (False, 1)
    assert words in answer["error"]


@pytest.mark.parametrize(("tool", "arguments"), [("get_plan", {}), ("update_plan", {"content": "x"})])
async def test_the_tools_of_a_plan_that_is_missing_say_so(tool: str, arguments: dict[str, Any]) -> None:
    answer = await use(plan_agent(NOBODYS), tool, **arguments)

    assert answer == {"ok": False, "error": f"There is no plan {NOBODYS}."}


async def test_the_tools_say_what_they_do_and_take_no_plans_id() -> None:
    tools = plan_agent(NOBODYS).as_tools()

    assert {name: list(tool.parameters["properties"]) for name, tool in tools.items()} == {
        "get_plan": [],
        "update_plan": ["title", "content"],
    }
    assert all(tool.description for tool in tools.values())
    assert tools["get_plan"].repeatable
