"""A worker for each task of a list: one after the other, and all of them at once."""

from __future__ import annotations

import asyncio
import time

from tasks_app.crux import (
    Generation,
    Model,
    PlanHandle,
    TaskListHandle,
    TaskSnapshot,
    create_plan,
    generate,
    plan_agent,
    prompt,
    step_count_is,
    task_worker,
    tasklist,
)

BEDS = {
    "beans": "Beans want warm ground and a pole to climb. Sow them in the middle of May, six around each pole.",
    "carrots": "Carrots want loose ground without stones. Sow them thin, and thin them out again in June.",
    "garlic": "Garlic wants a winter. Plant the cloves in October, a hand apart, with the tip just under the earth.",
    "tomatoes": "Tomatoes want sun and a roof. Take out the side shoots each week, or they grow leaves and no fruit.",
}


async def one_after_the_other(plan: PlanHandle, beds: TaskListHandle, model: str | Model | None) -> None:
    """Each worker sees what those before it left behind; the list takes as long as all of them together."""
    for task in await beds.get_tasks():
        await write(plan, task, model)


async def all_at_once(plan: PlanHandle, beds: TaskListHandle, model: str | Model | None) -> None:
    """The list takes as long as its slowest task. If one raises, the task group cancels the others.

    `asyncio.gather(…, return_exceptions=True)` would let them go on. A model that fails its task raises nothing: that
    is the task's outcome, and stands in its row.
    """
    async with asyncio.TaskGroup() as group:
        for task in await beds.get_tasks():
            group.create_task(write(plan, task, model))


async def write(plan: PlanHandle, task: TaskSnapshot, model: str | Model | None) -> Generation:
    """Work on one task. The tools are bound to it, so that workers side by side cannot take each other's."""
    worker = task_worker(task.list_id, task.id)
    return await generate(
        prompt(
            id="write-card",
            system="You write the card that stands at a bed.",
            prompt="Begin your task.",
            use=[plan_agent(plan).as_context(), worker.as_context()],
            tools=worker.as_tools(),
        ),
        model=model,
        stop_when=step_count_is(8),
    )


async def main(model: str | Model | None = None) -> list[TaskListHandle]:
    """Write the same cards twice, in both ways, and compare the time."""
    plan = await create_plan(title="Cards for the beds", content="Each card has two sentences and can be read aloud.")
    made = []
    for work in (one_after_the_other, all_at_once):
        beds = await tasklist(title=work.__name__.replace("_", " ").capitalize(), plan_id=plan.id)
        await beds.add_tasks(
            [{"id": name, "label": f"The card for the {name}", "description": text} for name, text in BEDS.items()]
        )
        began = time.monotonic()
        await work(plan, beds, model)
        counts = await beds.summary()
        print(f"{(await beds.get()).title}: {counts['completed']} of {len(BEDS)} in {time.monotonic() - began:.2f} s")
        made.append(beds)
    for task in await made[-1].get_tasks():
        print(f"  {task.label}: {task.result or task.error}")
    return made
