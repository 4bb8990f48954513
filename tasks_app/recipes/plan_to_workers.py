"""From a wish to results: a model writes the plan, the program lists the tasks, workers carry them out at once."""

from __future__ import annotations

import asyncio

from tasks_app.crux import (
    CruxError,
    Model,
    PlanHandle,
    TaskListHandle,
    create_plan_tool,
    create_task_list_tool,
    generate,
    plan_agent,
    prompt,
    step_count_is,
    task_worker,
    tasklist,
)

WISH = """\
We want a summer party in the garden for everybody who helps in it. There should be food from the beds, music that
neighbours can bear, and something for children to do. It must be over at ten, and cleaned up by noon the day after."""

TEMPLATE = """\
## Goal
[what will be true when it has gone well, in one sentence]

## Parts
1. [a part that one person can take on]"""


async def planned(model: str | Model | None) -> PlanHandle:
    """Let a model write the plan. What its tool has made stands in `.created` afterwards."""
    planner = create_plan_tool(template=TEMPLATE)
    said = await generate(
        prompt(id="planner", system="You plan what people wish for. Create one plan.", prompt=WISH, tools=[planner]),
        model=model,
        stop_when=step_count_is(4),
    )
    if planner.created is None:
        raise CruxError(f"The model made no plan. It said: {said.text}")
    return planner.created


async def planned_with_tasks(model: str | Model | None) -> list[TaskListHandle]:
    """The other way: be told of each as soon as it is made. Here the model lists the tasks as well."""
    listed: list[TaskListHandle] = []

    async def announce(plan: PlanHandle) -> None:
        print(f"A plan has been made: {(await plan.get()).title}")

    await generate(
        prompt(
            id="planner-of-tasks",
            system="You plan what people wish for. Create one plan, then a task list that carries it out.",
            prompt=WISH,
            tools=[create_plan_tool(on_created=announce), create_task_list_tool(on_created=listed.append)],
        ),
        model=model,
        stop_when=step_count_is(6),
    )
    return listed


async def carry_out(plan: PlanHandle, task_list: TaskListHandle, task_id: str, model: str | Model | None) -> None:
    """One worker, which knows the whole plan and answers for its own task alone."""
    worker = task_worker(task_list.id, task_id)
    await generate(
        prompt(
            id="organizer",
            system="You take on one part of a plan. Say in a few lines how it is done.",
            prompt="Begin your task.",
            use=[plan_agent(plan).as_context(), worker.as_context()],
            tools=worker.as_tools(),
        ),
        model=model,
        stop_when=step_count_is(8),
    )


async def main(model: str | Model | None = None) -> list[TaskListHandle]:
    """Plan a party, list three tasks for it, and let three workers do them side by side."""
    plan = await planned(model)
    written = await plan.get()
    print(f"# {written.title} (version {written.version})\n\n{written.content}\n")

    party = await tasklist(plan_id=plan.id)  # its title is the plan's
    await party.add_task("food", label="Food from the beds", description="Say what is ripe and who cooks it.")
    await party.add_task("music", label="Music", description="Find music that the neighbours can bear until ten.")
    await party.add_task("children", label="Something for the children", description="Think of two games in the mud.")

    tasks = await party.get_tasks()
    await asyncio.gather(*(carry_out(plan, party, task.id, model) for task in tasks))
    for task in await party.get_tasks():
        print(f"{task.label} ({task.status}): {task.result or task.error}")
    print(f"The list is {await party.get_status()}.\n")

    return [party, *await planned_with_tasks(model)]
