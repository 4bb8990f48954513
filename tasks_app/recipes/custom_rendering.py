"""An assignment in your own words: other guidelines below it, or the whole of it rendered by you."""

from __future__ import annotations

from tasks_app.crux import (
    Model,
    TaskListHandle,
    TaskSnapshot,
    generate,
    prompt,
    step_count_is,
    task_worker,
    tasklist,
)

GUIDELINES = """\
Begin at once, without a word about how you will go about it.
Report a line after each bed you have read about.
Hand in one sentence a bed, the driest bed first."""


def beside_the_others(task: TaskSnapshot, all_tasks: list[TaskSnapshot]) -> str:
    """What the model is told instead of the usual assignment: its task, and how far the others are.

    It is asked anew each time the prompt is rendered, with the rows as they stand then. It may be async, too.
    """
    done = [each.label for each in all_tasks if each.status == "completed"]
    lines = [f"Your task: {task.label}. {task.description}", f"Done so far: {len(done)} of {len(all_tasks)} tasks."]
    if done:
        lines.append(f"Do not repeat what is said in: {', '.join(done)}.")
    return "\n".join(lines)


async def main(model: str | Model | None = None) -> list[TaskListHandle]:
    """Do two tasks, one with guidelines of its own, the other with an assignment rendered here."""
    walk = await tasklist(title="A walk through the garden")
    await walk.add_task(
        "beds",
        label="Look at the beds",
        description="Bed 1 is dry and cracked. Bed 2 is fine. Bed 3 has had too much water since the tap leaks.",
    )
    await walk.add_task(
        "fence",
        label="Look at the fence",
        description="Two boards are loose at the gate. The north side was painted in May and is sound.",
    )

    # The first keeps the usual assignment; only the guidelines below it are others.
    first = task_worker(walk.id, "beds", guidelines=GUIDELINES)
    # The second is told what we make of its task and of all the others on the list.
    second = walk.worker("fence", render_context=beside_the_others)

    for worker in (first, second):
        report = prompt(
            id="report",
            system="You report what was seen on a walk.",
            prompt="Begin your task.",
            use=[worker.as_context()],
            tools=worker.as_tools(),
        )
        print(f"{(await report.inspect())['system']}\n")
        await generate(report, model=model, stop_when=step_count_is(8))

    for task in await walk.get_tasks():
        print(f"{task.label} ({task.status}): {task.result or task.error}")
    return [walk]
