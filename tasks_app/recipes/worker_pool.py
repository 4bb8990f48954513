"""A pool that summarises documents: a task list is the queue, N agents empty it, and it can pause and go on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from uuid import UUID

from pydantic import BaseModel

from tasks_app.crux import (
    Model,
    TaskListHandle,
    TaskSnapshot,
    create_handle,
    generate,
    prompt,
    step_count_is,
    task_worker,
    tasklist,
)

DOCUMENTS = {
    "shed": "The shed is open from eight to eight. The key hangs in the bakery. Who takes a tool writes it down, and "
    "who breaks one says so: nobody pays, but somebody has to know.",
    "bees": "The two hives stand behind the hedge. Bees fly straight out to the south, so keep that path free. In May "
    "they may swarm; keep away then, and do not run.",
    "rent": "The garden costs each of us four euros a month. The money goes to water, seeds and the insurance. Who "
    "cannot pay works two hours more a month, and no one asks why.",
    "gate": "The gate sticks when it rains. Lift it a little as you push. Is it finally time for a new one?",
}


class Document(BaseModel):
    """What the prompts are rendered with."""

    text: str


# Whoever works on a task is named on the task. A program that works by hand looks it up, as here; agents in an app's
# crux_agents.py are found by the pool itself.
PROMPTS = {
    "summarizer": prompt(
        id="summarize",
        input=Document,
        system="You summarise a document in two sentences.",
        prompt=lambda document: document.text,
    ),
    "proofreader": prompt(
        id="proofread",
        input=Document,
        system="You check a document for open questions. If there is one, hand it in; else say that there is none.",
        prompt=lambda document: document.text,
    ),
}


async def start_batch(documents: Mapping[str, str], *, proofread: Iterable[str] = ()) -> UUID:
    """Queue the documents, a task each; the id is all that anybody needs to go on from here, in any process."""
    batch = await tasklist(title="Notices, summarised", agent="summarizer")
    await batch.add_tasks(
        [
            {
                "id": name,
                "label": f"Read {name}",
                "description": text[:200],
                "assignee": {"agent": "proofreader" if name in proofread else "summarizer"},
            }
            for name, text in documents.items()
        ]
    )
    return batch.id


async def drain(list_id: UUID, documents: Mapping[str, str], model: str | Model | None, *, concurrency: int) -> int:
    """Run an agent for each pending task, at most `concurrency` at once; how many it ran. Call it as often as you like.

    What has ended, or runs elsewhere, is left alone; so is everything while somebody has paused the list.
    """
    batch = create_handle(list_id)
    if (await batch.get()).pauses:
        return 0
    pending = [task for task in await batch.get_tasks() if task.status == "pending"]
    slots = asyncio.Semaphore(concurrency)

    async def run(task: TaskSnapshot) -> None:
        async with slots:
            await run_one(task, documents[task.id], model)

    async with asyncio.TaskGroup() as group:
        for task in pending:
            group.create_task(run(task))
    return len(pending)


async def run_one(task: TaskSnapshot, text: str, model: str | Model | None) -> None:
    """One agent for one task: the prompt of its assignee, with a worker's context and tools."""
    worker = task_worker(task.list_id, task.id)
    await generate(
        PROMPTS[task.agent],
        model=model,
        input={"text": text},
        use=[worker.as_context()],
        tools=worker.as_tools(),
        stop_when=step_count_is(6),
    )


async def progress(batch: TaskListHandle) -> str:
    """Where the batch stands, for a terminal. The board shows the same, and moves by itself."""
    counts = await batch.summary()
    ran, failed = counts["in_progress"], counts["failed"]
    lines = [f"{counts['completed']} of {sum(counts.values())} done · {ran} running · {failed} failed"]
    for task in await batch.get_tasks():
        told = task.error if task.status == "failed" else task.result or task.progress
        lines.append(f"  {task.status:<11} {task.label}{f': {told}' if told else ''}")
    return "\n".join(lines)


async def main(model: str | Model | None = None) -> list[TaskListHandle]:
    """Empty a queue by hand, with a pause in the middle; then let Crux's own pool empty another."""
    # By hand: three documents, two at once.
    first = dict(list(DOCUMENTS.items())[:3])
    list_id = await start_batch(first, proofread=["bees"])
    await drain(list_id, first, model, concurrency=2)
    batch = create_handle(list_id)
    print(await progress(batch), "\n")

    # Paused, nothing begins. Whoever calls the drainer after that, a cron job say, finds only what is still pending.
    await batch.add_task("gate", label="Read gate", assignee={"agent": "proofreader"})
    await batch.pause("lunch")
    ran = await drain(list_id, DOCUMENTS, model, concurrency=2)
    print(f"Paused for lunch: {ran} ran.")
    await batch.resume("lunch")
    ran = await drain(list_id, DOCUMENTS, model, concurrency=2)
    print(f"After lunch: {ran} ran.\n{await progress(batch)}\n")

    # The short way: tasks with their documents as input, and the built-in agent. `drain` is a worker process in
    # miniature, with the model of the deployment; where `crux up` runs, its workers help.
    quick = await tasklist(title="Notices, summarised by the pool", agent="summarizer")
    await quick.add_tasks([{"id": name, "label": f"Read {name}", "input": text} for name, text in DOCUMENTS.items()])
    await quick.drain(concurrency=2)
    print(await progress(quick))
    return [batch, quick]
