"""A task list in a managing agent's hands: what it is told of it, and five tools that can touch no other list."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import BeforeValidator, Field

from tasks_app.agents import acting, ids, list_pages
from tasks_app.agents.contexts import Context, context
from tasks_app.agents.ids import Identified
from tasks_app.agents.tools import Tool, answering, named, tool
from tasks_app.crossing import in_db, in_turn
from tasks_app.errors import TaskListNotFound, ValueRefused
from tasks_app.rules.statuses import By
from tasks_app.services import edits, task_lists, tasks
from tasks_app.services.edits import Changes
from tasks_app.services.tasks import NewTask

__all__ = ["Assigned", "DependsOn", "Description", "Label", "TaskListAgent", "task_list_agent"]

PRIORITY = 80  # as a plan's, below a worker's assignment


def _no_alias(status: object) -> object:
    if status == "todo":
        raise ValueError("there is no status 'todo'; a task that nobody has begun is 'pending'")
    return status


TaskId = Annotated[str, Field(description="The task's id.")]
NewId = Annotated[str, Field(description="A short id that says what it is, like `write-intro`; it stays taken.")]
Label = Annotated[str | None, Field(description="What people read, in one line.")]
Description = Annotated[str | None, Field(description="What is to be done, for whoever works on it.")]
DependsOn = Annotated[list[str] | None, Field(description="Ids of all tasks that must be done before it.")]
Assigned = Annotated[str | None, Field(description="The agent that is to work on it, by name.")]
Priority = Annotated[int | None, Field(description="Higher comes first; 0 is usual.")]
Reason = Annotated[str | None, Field(description="Why, in one line for people.")]
AnyStatus = Annotated[
    Literal["pending", "in_progress", "awaiting_approval", "completed", "failed", "skipped", "cancelled"] | None,
    BeforeValidator(_no_alias),
    Field(description="Only tasks of this status."),
]
Ended = Annotated[
    Literal["skipped", "cancelled"] | None,
    BeforeValidator(_no_alias),
    Field(description="skipped: what depends on it may go on. cancelled: what depends on it is skipped."),
]
After = Annotated[int, Field(ge=0, description="Go on after this position: `next_after` of the last answer.")]
Limit = Annotated[int, Field(ge=1, le=list_pages.MOST, description="Tasks at most.")]


def task_list_agent(list_or_id: Identified | UUID | str, *, priority: int = PRIORITY) -> TaskListAgent:
    """A task list for an agent to manage.

    Raises:
        TaskListNotFound: the id is no UUID. A list that is missing later only leaves the context empty.
    """
    return TaskListAgent(ids.list_id(list_or_id), priority)


class TaskListAgent:
    """A task list as a context and as tools; see `task_list_agent`."""

    def __init__(self, list_id: UUID, priority: int) -> None:
        self._id = list_id
        self._priority = priority

    def as_context(self) -> Context:
        """Title, status, counts and tasks, the unfinished first, as they stand when rendered.

        Empty, and so left out, if there is no such list. Of a long one the rest is counted.
        """
        return context(self._text, id=f"list:{self._id}", priority=self._priority)

    def as_tools(self) -> dict[str, Tool]:
        """`list_tasks`, `add_task`, `update_task`, `remove_task`, `discard_task_list`, by name.

        They answer `{ok: true, …}` with the task's id and status, or `{ok: false, error}`.
        """
        made = (
            tool(name="list_tasks", repeatable=True)(self._list),
            tool(name="add_task")(self._add),
            tool(name="update_task")(self._update),
            tool(name="remove_task")(self._remove),
            tool(name="discard_task_list")(self._discard),
        )
        return named(map(answering, made))

    async def _text(self) -> str:
        try:
            return await in_db(list_pages.as_markdown, self._id)
        except TaskListNotFound:
            return ""

    async def _list(self, status: AnyStatus = None, after: After = 0, limit: Limit = 50) -> dict[str, Any]:
        """Look at the tasks, in the order they were added, a page at a time."""
        return await in_db(list_pages.page, self._id, status=status, after=after, limit=limit)

    async def _add(
        self,
        id: NewId,
        label: Label = None,
        description: Description = None,
        input: Annotated[Any, Field(description="What it works on: text, or any JSON value.")] = None,
        depends_on: DependsOn = None,
        assignee: Assigned = None,
        priority: Priority = None,
    ) -> dict[str, Any]:
        """Add a task at the end of the list."""
        new = NewTask(
            id=id,
            label=label or "",
            description=description or "",
            input=input,
            depends_on=depends_on or (),
            agent=assignee or "",
            priority=priority or 0,
        )
        task = (await in_turn(self._id, tasks.add_many, self._id, [new], actor=acting.actor()))[0]
        return {"ok": True, "id": task.id, "status": task.status}

    async def _update(
        self,
        id: TaskId,
        label: Label = None,
        description: Description = None,
        priority: Priority = None,
        assignee: Assigned = None,
        depends_on: DependsOn = None,
        status: Ended = None,
        reason: Reason = None,
    ) -> dict[str, Any]:
        """Change a task: all that you give, or nothing if any of it is refused. What you leave out stays.

        To begin or end its work is for whoever works on it; you can only skip or cancel it.
        """
        given = {
            "label": label,
            "description": description,
            "priority": priority,
            "agent": assignee,
            "depends_on": depends_on,
            "status": status,
            "reason": reason,
        }
        changes = cast(Changes, {name: value for name, value in given.items() if value is not None})
        if not changes.keys() - {"reason"}:
            raise ValueRefused("Give at least one field to change.")
        task = await in_turn(self._id, edits.update, self._id, id, changes, actor=acting.actor(), by=By.AGENT)
        return {"ok": True, "id": task.id, "status": task.status}

    async def _remove(self, id: TaskId) -> dict[str, Any]:
        """Take a task off the list; not one that runs, and not one that others depend on."""
        await in_turn(self._id, tasks.remove, self._id, id, actor=acting.actor(), by=By.AGENT)
        return {"ok": True, "id": id, "removed": True}

    async def _discard(
        self, reason: Annotated[str, Field(description="Why, in one line for people.")]
    ) -> dict[str, Any]:
        """Give up the whole list: what has not ended is cancelled, and nothing can be changed any more. Final."""
        made = await in_db(task_lists.discard, self._id, reason, actor=acting.actor())
        return {"ok": True, "status": made.status}
