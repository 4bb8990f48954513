"""A tea room's views and jobs, on plans, lists and workers by hand. mypy reads it; see test_types."""

from typing import Any, assert_type
from uuid import UUID

from pydantic import BaseModel

from tasks_app.crux import (
    Assignee,
    AttemptSnapshot,
    CreationTool,
    PlanHandle,
    PlanSnapshot,
    RevisionSnapshot,
    TaskChanges,
    TaskDraft,
    TaskListHandle,
    TaskListSnapshot,
    TaskSnapshot,
    TaskWorker,
    Tool,
    create_handle,
    create_plan,
    create_plan_tool,
    create_task_list_tool,
    generate,
    plan_agent,
    prompt,
    run_sync,
    task_list_agent,
    task_worker,
    tasklist,
)


class Tasting(BaseModel):
    """What a worker hands in."""

    tea: str
    minutes: int


async def open_season(teas: list[str]) -> UUID:
    """Plan the season, and list a tasting for each tea."""
    plan = await create_plan(title="Season", content="Taste all of it.", metadata={"year": 2026})
    assert_type(plan, PlanHandle)
    assert_type(await plan.get(), PlanSnapshot)
    assert_type(await plan.revisions(), list[RevisionSnapshot])
    await plan.update(title=1)  # type: ignore[arg-type]

    book = await tasklist(plan_id=plan.id, concurrency=4)
    assert_type(book, TaskListHandle)
    drafts: list[TaskDraft] = [{"id": tea, "priority": 1, "assignee": {"agent": "taster"}} for tea in teas]
    assert_type(await book.add_tasks(drafts), list[TaskSnapshot])
    await book.add_tasks([{"label": "no id"}])  # type: ignore[typeddict-item]
    await book.add_task("cups", depends_on=teas, requires_approval=True)
    await book.add_task("pots", priority="high")  # type: ignore[arg-type]
    await book.add_task("pots", colour="blue")  # type: ignore[call-arg]
    return book.id


async def look(list_id: UUID | str) -> dict[str, int]:
    """How far it is."""
    book = create_handle(list_id)
    assert_type(await book.get(), TaskListSnapshot)
    assert_type(await book.get_tasks(), list[TaskSnapshot])
    assert_type(await book.get_attempts("assam"), list[AttemptSnapshot])
    routed: Assignee = {"model": "small"}
    later: TaskChanges = {"assignee": routed, "reason": "busy"}
    assert_type(await book.update_task("assam", **later), TaskSnapshot)
    await book.update_task("assam", status="skipped")
    await book.update_task("assam", status="completed")  # type: ignore[arg-type]
    assert_type(await book.drain(concurrency=2), dict[str, int])
    return await book.summary()


async def taste(list_id: UUID, tea: str) -> TaskSnapshot:
    """One worker at one task, whose result has a shape."""
    worker = task_worker(list_id, tea, output=Tasting, render_context=told)
    assert_type(worker, TaskWorker)
    tools: dict[str, Tool] = worker.as_tools()
    complete = tools["complete_task"]

    async def carefully(arguments: dict[str, Any]) -> str:
        return await complete.call(arguments)

    tools["complete_task"] = complete.replace(execute=carefully)
    season = plan_agent(list_id, mode="reference")
    plan_agent(list_id, mode="short")  # type: ignore[arg-type]
    await generate(prompt(id="taste", use=[season.as_context(), worker.as_context()], tools=tools))
    return await create_handle(list_id).get_task(tea)


def told(task: TaskSnapshot, all_tasks: list[TaskSnapshot]) -> str:
    """The assignment in the house's own words."""
    return f"{task.label}, one of {len(all_tasks)}"


def a_view(list_id: str) -> str:
    """Plain code: the same verbs over the bridge, with their types."""
    book = create_handle(list_id)
    assert_type(run_sync(book.get_status), str)
    assert_type(run_sync(book.add_task, "late", label="A late guest"), TaskSnapshot)
    run_sync(book.add_task, "late", labels="A late guest")  # type: ignore[call-arg]
    return run_sync(book.get_status)


planner = create_plan_tool(template="## Goal")
assert_type(planner, CreationTool[PlanHandle])
assert_type(planner.created, PlanHandle | None)
assert_type(planner.replace(description="Plan."), CreationTool[PlanHandle])
lister = create_task_list_tool(on_created=lambda made: made.id)
assert_type(lister.created, TaskListHandle | None)
managing = task_list_agent(UUID(int=1))
assert_type(managing.as_tools(), dict[str, Tool])
