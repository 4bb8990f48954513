"""Scripts for the conversations of a recipe, and what they left in the rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tasks_app.agents.task_worker import TaskWorker
from tasks_app.crossing import in_db
from tasks_app.crux import ScriptedModel, TaskListHandle
from tasks_app.llm.model import Message
from tasks_app.llm.scripted import Scripted, call
from tests.builders import check_books

DONE: list[Scripted] = [call("start_task"), call("complete_task", result="Done."), "Finished."]


def scripted(scripts: Mapping[str, Sequence[Scripted]]) -> ScriptedModel:
    """A model that follows, in each conversation, the script whose key stands in what it was told first."""

    def reply(turn: int, messages: Sequence[Message], tools: object) -> Scripted:
        told = "\n".join(str(message["content"]) for message in messages[:2])
        return next(script for key, script in scripts.items() if key in told)[turn]

    return ScriptedModel([partial(reply, turn) for turn in range(max(map(len, scripts.values())))], by_turn=True)


def system_texts(model: ScriptedModel) -> list[str]:
    """What each conversation was told at first, in the order in which they began."""
    began = [made.messages for made in model.calls if all(said["role"] != "assistant" for said in made.messages)]
    return [messages[0]["content"] for messages in began]


def answers(model: ScriptedModel, number: int) -> list[dict[str, Any]]:
    """What the tools had answered when the model was called for this time, from 0."""
    said = model.calls[number].messages
    return [json.loads(message["content"]) for message in said if message["role"] == "tool"]


async def use(worker: TaskWorker, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call one of a worker's tools as a model would; its answer."""
    made = worker.as_tools()[tool].execute(arguments)
    answer: dict[str, Any] = json.loads(made if isinstance(made, str) else await made)
    return answer


async def ended(handle: TaskListHandle) -> dict[str, tuple[str, Any]]:
    """Status and result of each task, whose one attempt ended as it did; and the list's books are in order."""
    await in_db(check_books, await handle.get())
    tasks = await handle.get_tasks()
    for task in tasks:
        assert [attempt.status for attempt in await handle.get_attempts(task.id)] == [task.status]
    return {task.id: (task.status, task.result) for task in tasks}
