"""A result that must name its sources: `complete_task` is wrapped, so that it asks for them and refuses without."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tasks_app.crux import Model, TaskListHandle, Tool, generate, prompt, step_count_is, task_worker, tasklist

NOTES = """\
Slugs come at night and eat what is young. A ring of sand keeps them off for a day, until it is wet. Toads eat more
slugs than anybody can pick: a heap of stones in a damp corner brings them (https://example.org/toads). Beer traps work
but call in the slugs of the neighbours too, as a trial over two summers has shown (https://example.org/beer-trial)."""

FINDING = {
    "type": "object",
    "properties": {
        "finding": {"type": "string", "description": "What you found, in a few sentences."},
        "sources": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Where it stands: an address or a title each.",
        },
    },
    "required": ["finding", "sources"],
}


def with_sources(tools: Mapping[str, Tool]) -> dict[str, Tool]:
    """A worker's tools, of which `complete_task` takes no finding without its sources.

    A tool is a value: `replace` makes another one and leaves the original as it is, here to be called by the new one.
    """
    complete = tools["complete_task"]

    async def execute(arguments: dict[str, Any]) -> str:
        if not arguments.get("sources"):
            # A refusal is an answer like any other: the model reads it, mends its call and goes on.
            return json.dumps({"ok": False, "error": "The result needs 'sources', a list with at least one entry."})
        return await complete.call({"result": arguments})

    asking = complete.replace(
        description="Hand in what you found. Each finding names where it comes from.",
        parameters=FINDING,
        execute=execute,
    )
    return {**tools, "complete_task": asking}


async def main(model: str | Model | None = None) -> list[TaskListHandle]:
    """Research one question, and show the finding with its sources."""
    questions = await tasklist(title="Questions about the garden")
    await questions.add_task("slugs", label="What helps against slugs?", input=NOTES)

    worker = task_worker(questions.id, "slugs")
    made = await generate(
        prompt(
            id="research",
            system="You answer a question from notes, and say where in them each answer stands.",
            prompt="Begin your task.",
            use=[worker.as_context()],
            tools=with_sources(worker.as_tools()),
        ),
        model=model,
        stop_when=step_count_is(8),
    )

    task = await questions.get_task("slugs")
    print(f"{task.label} ({task.status} in {made.steps} steps)")
    if task.status == "completed":
        print(task.result["finding"])
        for source in task.result["sources"]:
            print(f"  – {source}")
    else:
        print(task.error or made.text)
    return [questions]
