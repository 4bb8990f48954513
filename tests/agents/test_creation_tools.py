"""Tools by which a model makes a plan or a task list, and how the program gets at what it made."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from collections.abc import Awaitable
from typing import Any

import pytest

from tasks_app.agents.creation_tools import CreationTool, create_plan_tool, create_task_list_tool, created_apart
from tasks_app.agents.generate import generate
from tasks_app.agents.list_handle import TaskListHandle
from tasks_app.agents.plans import PlanHandle, create_plan
from tasks_app.agents.prompt import prompt
from tasks_app.agents.scope import entered
from tasks_app.agents.tools import Tool
from tasks_app.crossing import in_db, run_sync
from tasks_app.llm.scripted import ScriptedModel, call
from tasks_app.models import Plan, TaskList
from tests.agents.attempts import a_claim, answers, no_models
from tests.agents.handles import NOBODYS
from tests.builders import check_books

pytestmark = pytest.mark.django_db(transaction=True)

BOOK = {"title": "The book", "content": "1. Intro"}
TASKS = [{"id": "intro", "label": "Write it"}, {"id": "end", "depends_on": ["intro"], "assignee": "closer"}]


async def use(tool: Tool, **arguments: Any) -> dict[str, Any]:
    """What a tool answers."""
    said: Any = tool.execute(arguments)
    answer: dict[str, Any] = json.loads(await said)
    return answer


async def how_many() -> tuple[int, int]:
    """How many plans and task lists there are."""
    return await in_db(lambda: (Plan.objects.count(), TaskList.objects.count()))


class TestPlan:
    async def test_before_it_ran_there_is_nothing_and_then_the_last(self) -> None:
        tool = create_plan_tool()
        assert tool.created is None
        await use(tool, **BOOK)
        first = tool.created
        answer = await use(tool, **BOOK | {"title": "Another"})

        assert first is not None
        assert tool.created is not None
        assert answer == {"id": str(tool.created.id), "title": "Another", "version": 1}
        assert (await first.get()).title == "The book"
        assert (await tool.created.get()).content == "1. Intro"

    async def test_in_a_part_of_a_program_the_last_is_the_last_of_that_part(self) -> None:
        tool, before = create_plan_tool(), create_plan_tool()
        await use(before, **BOOK)
        with created_apart() as part:
            with created_apart() as inner:
                await use(tool, **BOOK)
            mine = tool.created
            await asyncio.create_task(use(tool, **BOOK), context=contextvars.Context())  # in no part
            assert (tool.created, part.get(tool), inner.get(tool)) == (mine, mine, mine)
            assert (before.created is not None, part.get(before)) == (True, None)

        assert tool.created != mine

    async def test_two_tools_do_not_share_what_they_made(self) -> None:
        one, other = create_plan_tool(), create_plan_tool()
        await use(one, **BOOK)

        assert (one.created is None, other.created) == (False, None)

    def test_the_template_is_told_with_the_tool(self) -> None:
        template = "## Goal\n[objective]"

        assert create_plan_tool(template=template).description.endswith(f"\n\nFollow this template:\n{template}")
        assert "template" not in create_plan_tool().description

    @pytest.mark.parametrize(
        ("arguments", "words"), [({}, "title: Field required"), (BOOK | {"title": " "}, "A plan needs a title.")]
    )
    async def test_a_plan_that_is_refused_is_not_there(self, arguments: dict[str, Any], words: str) -> None:
        tool = create_plan_tool()
        answer = await use(tool, **arguments)

        assert (answer["ok"], tool.created, await how_many()) == (False, None, (0, 0))
        assert words in answer["error"]


class TestTaskList:
    async def test_the_list_comes_with_its_plan_and_its_tasks(self) -> None:
        plan = await create_plan(title="The book")
        tool = create_task_list_tool()
        answer = await use(tool, title="Chapters", plan_id=str(plan.id), tasks=TASKS)

        assert tool.created is not None
        assert answer == {"id": str(tool.created.id), "status": "pending", "plan_id": str(plan.id)}
        intro, end = await tool.created.get_tasks()
        assert (intro.id, intro.label, end.id, end.agent, end.waiting_for) == ("intro", "Write it", "end", "closer", 1)
        await in_db(check_books, await tool.created.get())

    @pytest.mark.parametrize("nothing", [{}, {"plan_id": None, "tasks": None}, {"plan_id": "", "tasks": []}])
    async def test_a_list_needs_no_more_than_a_title(self, nothing: dict[str, Any]) -> None:
        tool = create_task_list_tool(template="One task a chapter.")
        answer = await use(tool, title="Chapters", **nothing)

        assert tool.created is not None
        assert (answer["status"], answer["plan_id"]) == ("pending", None)
        assert (await tool.created.get()).title == "Chapters"
        assert "One task a chapter." in tool.description

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"tasks": [*TASKS, {"id": "intro"}]}, "'intro' is given twice"),
            ({"tasks": [*TASKS, {"id": "x", "depends_on": ["nowhere"]}]}, "'nowhere'"),
            ({"tasks": [*TASKS, {"label": "x"}]}, "tasks.2.id: Field required"),
            ({"tasks": [*TASKS, {"id": "x", "status": "todo"}]}, "tasks.2.status: Extra inputs"),
            ({"plan_id": "the-book"}, "no plan 'the-book'"),
            ({"plan_id": str(NOBODYS)}, f"no plan {NOBODYS}"),
        ],
    )
    async def test_if_any_of_it_is_refused_there_is_no_list(self, wrong: dict[str, Any], words: str) -> None:
        tool = create_task_list_tool()
        answer = await use(tool, title="Chapters", **wrong)

        assert (answer["ok"], tool.created, await how_many()) == (False, None, (0, 0))
        assert words in answer["error"]

    def test_every_parameter_is_described(self) -> None:
        for tool in (create_plan_tool(), create_task_list_tool()):
            listed = tool.parameters.get("$defs", {}).get("ListedTask", {"properties": {}})
            for name, schema in [*tool.parameters["properties"].items(), *listed["properties"].items()]:
                assert schema.get("description"), name


class TestCopies:
    async def test_a_copy_shares_what_was_made_and_is_a_creation_tool_too(self) -> None:
        tool = create_plan_tool()
        copy = tool.replace(description="Plan it.")
        await use(copy, **BOOK)

        assert tool.created is not None
        assert copy.created is tool.created
        assert isinstance(copy, CreationTool)
        assert (copy.description, copy.name) == ("Plan it.", "create_plan")

    async def test_in_a_dict_of_tools_it_has_the_dicts_name_and_the_program_its_own_tool(self) -> None:
        tool = create_plan_tool()
        model = ScriptedModel([call("createPlan", **BOOK), "Planned."])
        planned = prompt(system="Create a plan.", tools={"createPlan": tool})
        await generate(planned, model=model, input={"topic": "tea"})

        assert tool.created is not None
        assert answers(model, 2) == [{"id": str(tool.created.id), "title": "The book", "version": 1}]

    async def test_wrapped_it_still_makes_and_shares(self) -> None:
        tool = create_plan_tool()

        async def louder(arguments: dict[str, Any]) -> str:
            said: Any = tool.execute(arguments | {"title": "BOOK"})
            return str(await said)

        await use(tool.replace(execute=louder), **BOOK)
        assert tool.created is not None
        assert (await tool.created.get()).title == "BOOK"


class TestOnCreated:
    async def test_an_async_function_gets_the_handle_after_the_commit(self) -> None:
        seen: list[tuple[str, int]] = []

        async def look(handle: PlanHandle) -> None:
            seen.append(((await handle.get()).title, threading.get_ident()))

        await use(create_plan_tool(on_created=look), **BOOK)
        assert seen == [("The book", threading.get_ident())]

    async def test_a_plain_function_runs_in_a_thread_and_may_use_run_sync(self) -> None:
        seen: list[tuple[list[str], bool]] = []

        def look(handle: TaskListHandle) -> None:
            run_sync(handle.add_task, "note")
            ids = [task.id for task in run_sync(handle.get_tasks)]
            seen.append((ids, threading.current_thread().name.startswith("crux-sync")))

        tool = create_task_list_tool(on_created=look)
        assert "id" in await use(tool, title="Chapters", tasks=TASKS)
        assert seen == [(["intro", "end", "note"], True)]

    async def test_a_plain_function_knows_the_attempt_it_runs_for(self) -> None:
        claim = await a_claim("planner")
        with entered(claim, no_models()):
            await use(create_plan_tool(on_created=lambda plan: run_sync(plan.update, content="2.")), **BOOK)
        authors = await in_db(lambda: list(Plan.objects.get().revisions.values_list("author", flat=True)))

        assert authors == ["planner", "planner"]

    async def test_what_it_returns_is_of_no_matter_but_is_awaited(self) -> None:
        handles: list[Any] = []

        async def keep(handle: PlanHandle) -> None:
            handles.append(handle)

        def begin(handle: PlanHandle) -> Awaitable[None]:
            return keep(handle)

        tool = create_plan_tool(on_created=begin)
        await use(tool, **BOOK)
        assert handles == [tool.created]

    async def test_if_it_raises_the_model_is_told_and_what_was_made_stays(self) -> None:
        def break_down(handle: PlanHandle) -> None:
            raise ValueError("no room")

        tool = create_plan_tool(on_created=break_down)
        answer = await use(tool, **BOOK)

        assert tool.created is not None
        assert answer == {
            "ok": False,
            "error": f"It was made, with the id {tool.created.id}, but what should follow failed: ValueError: no room",
        }
        assert (await tool.created.get()).title == "The book"
