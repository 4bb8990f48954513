"""One task, one worker: bound to its task it starts, reports and completes it, and can touch no other."""

from __future__ import annotations

from tasks_app.crux import (
    Model,
    TaskListHandle,
    create_plan,
    generate,
    plan_agent,
    prompt,
    step_count_is,
    task_worker,
    tasklist,
)

PLAN = """\
The handbook is for people who share a garden and have never had one. Each section fits on one page, says first what to
do and then why, and names the tools in the shed by the numbers on their hooks."""

WATERING = """\
Say how to water in summer. Water early in the morning, because at noon half of it is gone before it reaches a root.
Water the ground and not the leaves: wet leaves burn in the sun and rot in the shade. One can of ten litres is enough
for a square metre, twice a week. Cans 1 to 6 hang by the tap; put them back empty, so that no mosquito settles in."""


async def main(model: str | Model | None = None) -> list[TaskListHandle]:
    """Work on one task of a plan, and show what its model was told, could do, and did."""
    # A plan says what all is for. A task list that belongs to it holds the work.
    plan = await create_plan(title="A handbook for the garden", content=PLAN)
    sections = await tasklist(title="Sections of the handbook", plan_id=plan.id)
    await sections.add_task("watering", label="Write the section on watering", description=WATERING)

    # Two ways to the same worker: from the ids alone, or from the handle at hand.
    worker = task_worker(sections.id, "watering")
    assert worker.as_tools().keys() == sections.worker("watering").as_tools().keys()

    # Its tools take no task id: a model cannot name the wrong task, since it names none.
    for name, tool in worker.as_tools().items():
        print(f"{name}({', '.join(tool.parameters['properties'])}): {tool.description}")

    # The plan stands at priority 80, the assignment at 95; both go into one system text.
    write = prompt(
        id="write-section",
        system="You write one section of a handbook, in plain words.",
        prompt="Begin your task.",
        use=[plan_agent(plan).as_context(), worker.as_context()],
        tools=worker.as_tools(),
    )
    told = await write.inspect()
    print(f"\nThe model is told, in {told['tokens']} tokens:\n\n{told['system']}\n")

    # With too little room whole contexts go, the least important first: the plan, and never the assignment before it.
    tight = await write.inspect(token_budget=told["tokens"] - 1)
    for dropped in tight["dropped"]:
        size = f"{dropped['tokens']} tokens, priority {dropped['priority']}"
        print(f"With one token less {dropped['id']} is dropped ({size}).")

    # The model calls the tools; each call moves the task, and whoever watches the board sees it move.
    made = await generate(write, model=model, stop_when=step_count_is(8))
    task = await sections.get_task("watering")
    print(f"\nIn {made.steps} steps: {task.id} is {task.status}, the list {await sections.get_status()}.")
    print(task.result or task.error)
    return [sections]
