"""A task list in a program's hands: add tasks, steer them, look at what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Unpack
from uuid import UUID

from tasks_app.agents import acting, ids
from tasks_app.agents.contexts import Context
from tasks_app.agents.drafts import Assignee, TaskChanges, TaskDraft, as_changes, as_new_task
from tasks_app.agents.drain import drain
from tasks_app.agents.task_list_agent import task_list_agent
from tasks_app.agents.task_worker import PRIORITY as ASSIGNMENT_PRIORITY
from tasks_app.agents.task_worker import RenderContext, TaskWorker, task_worker
from tasks_app.agents.tools import Tool
from tasks_app.crossing import in_db, in_turn
from tasks_app.models import AttemptSnapshot, TaskListSnapshot, TaskSnapshot
from tasks_app.rules import given
from tasks_app.rules.actors import Actor
from tasks_app.rules.statuses import By
from tasks_app.services import edits, interventions, task_lists, tasks

__all__ = ["TaskListHandle"]


@dataclass(frozen=True, slots=True, init=False)
class TaskListHandle:
    """A task list by its id: each verb goes to the rows as they stand then.

    Raises (each verb):
        TaskListNotFound: there is no such list; for an id that is no UUID already when the handle is made.
        TaskNotFound: it has no such task, or it was removed.
        TaskListDiscarded: it was given up; it can be read, not changed.
    """

    id: UUID

    def __init__(self, list_id: UUID | str) -> None:
        object.__setattr__(self, "id", ids.list_id(list_id))

    async def add_task(
        self,
        id: str,
        *,
        label: str = "",
        description: str = "",
        input: Any = None,
        assignee: Assignee | None = None,
        depends_on: Sequence[str] = (),
        parent: str = "",
        priority: int = 0,
        max_attempts: int = 1,
        not_before: datetime | None = None,
        requires_approval: bool = False,
        metadata: Mapping[str, Any] | None = None,
    ) -> TaskSnapshot:
        """Add a task at the end.

        Args:
            id: yours, unique in the list for ever.
            label: for people, in a line; without one it is the id.
            input: any JSON, and pydantic values.
            assignee: an agent, a model, or both, by name; the list's agent works on what names none.
            depends_on: ids of tasks it waits for. Behind one that has failed it is skipped at once.
            parent: id of the task it is a part of.
            priority: higher is claimed first.
            max_attempts: tries that may fail, with growing waits in between.
            not_before: when it may be claimed, at the earliest.
            requires_approval: it waits for a person's word.

        Raises:
            DuplicateTaskId, DependencyRefused, ValueRefused.
        """
        draft = TaskDraft(
            id=id,
            label=label,
            description=description,
            input=input,
            assignee=assignee,
            depends_on=depends_on,
            parent=parent,
            priority=priority,
            max_attempts=max_attempts,
            not_before=not_before,
            requires_approval=requires_approval,
            metadata={} if metadata is None else metadata,
        )
        return (await in_turn(self.id, tasks.add_many, self.id, [as_new_task(draft)], actor=acting.actor()))[0]

    async def add_tasks(self, new: Sequence[TaskDraft]) -> list[TaskSnapshot]:
        """Add tasks in their order, all or none; one may depend on a later one.

        Raises:
            DuplicateTaskId, DependencyRefused, ValueRefused.
        """
        return await in_db(
            tasks.add_many, self.id, list(map(as_new_task, given.several(new, "What is added"))), actor=acting.actor()
        )

    async def update_task(self, task_id: str, **changes: Unpack[TaskChanges]) -> TaskSnapshot:
        """Change a task, all that is given or nothing. Of the statuses only skipped and cancelled can be given.

        Raises:
            IllegalTransition: it may not go there, or not be changed as it stands; `allowed` says where it may go.
            DependencyRefused, ValueRefused.
        """
        wanted = as_changes(task_id, changes)
        return await in_turn(self.id, edits.update, self.id, task_id, wanted, actor=acting.actor(), by=By.HANDLE)

    async def remove_task(self, task_id: str) -> None:
        """Take a task off the list; its id stays taken.

        Raises:
            IllegalTransition: it runs; cancel it first.
            DependencyRefused: others depend on it; they are named.
        """
        await in_turn(self.id, tasks.remove, self.id, task_id, actor=acting.actor(), by=By.HANDLE)

    async def retry_task(self, task_id: str, reason: str = "") -> TaskSnapshot:
        """Run a task that has ended again, as a new attempt; the old ones stay on record.

        Raises:
            IllegalTransition: it has not ended.
            DependencyRefused: one it depends on stands failed; retry that one.
        """
        return await self._move(interventions.retry, task_id, reason)

    async def cancel_task(self, task_id: str, reason: str = "") -> TaskSnapshot:
        """End a task that has not ended; if it runs, its worker is told to stop. Those behind it are skipped.

        Raises:
            IllegalTransition: it has ended.
        """
        return await self._move(interventions.cancel, task_id, reason)

    async def skip_task(self, task_id: str, reason: str = "") -> TaskSnapshot:
        """Pass over a task that has not ended; those behind it may run as if it were done.

        Raises:
            IllegalTransition: it has ended.
        """
        return await self._move(interventions.skip, task_id, reason)

    async def start(self) -> TaskListSnapshot:
        """Let the workers serve the list."""
        return await in_turn(self.id, task_lists.start, self.id, actor=acting.actor())

    async def pause(self, reason: str = "person") -> TaskListSnapshot:
        """Let nothing more begin until this reason is lifted; what runs goes on to its end."""
        return await in_turn(self.id, task_lists.pause, self.id, actor=acting.actor(), reason=reason)

    async def resume(self, reason: str = "person") -> TaskListSnapshot:
        """Lift one reason to pause; `person` is the one that people set and lift on the pages."""
        return await in_turn(self.id, task_lists.resume, self.id, actor=acting.actor(), reason=reason)

    async def discard(self, reason: str = "") -> TaskListSnapshot:
        """Give the list up: cancel what has not ended, keep what has, refuse every later change. Twice is once."""
        return await in_db(task_lists.discard, self.id, reason, actor=acting.actor())

    async def drain(self, concurrency: int | None = None) -> dict[str, int]:
        """Start the list and work on it here until nothing more can be done; how many tasks stand where then.

        `concurrency` is how many at once here; the list's own limit holds besides.

        Raises:
            UnknownAgent: neither some tasks nor the list name an agent; nothing was started.
        """
        return await drain(self.id, concurrency=concurrency)

    async def get(self) -> TaskListSnapshot:
        """The list as it stands: status, counts, pauses and all else but its tasks."""
        return await in_db(task_lists.get, self.id)

    async def get_status(self) -> str:
        """What its tasks amount to: pending, in_progress, completed, failed, cancelled, discarded."""
        return (await self.get()).status

    async def summary(self) -> dict[str, int]:
        """How many tasks stand where: one number a status."""
        return dict((await self.get()).counts)

    async def get_tasks(self) -> list[TaskSnapshot]:
        """All tasks, in the order they were added."""
        return await in_db(tasks.all_of, self.id)

    async def get_task(self, task_id: str) -> TaskSnapshot:
        """One task."""
        return await in_db(tasks.get, self.id, task_id)

    async def get_attempts(self, task_id: str) -> list[AttemptSnapshot]:
        """All attempts at a task, oldest first."""
        return await in_db(tasks.attempts_of, self.id, task_id)

    def worker(
        self,
        task_id: str,
        *,
        guidelines: str | None = None,
        render_context: RenderContext | None = None,
        priority: int = ASSIGNMENT_PRIORITY,
        output: Any = None,
    ) -> TaskWorker:
        """As `task_worker(handle, task_id, …)`: a task to be worked on here, by whatever is given context and tools."""
        return task_worker(
            self.id,
            task_id,
            guidelines=guidelines,
            render_context=render_context,
            priority=priority,
            output=output,
        )

    def as_context(self) -> Context:
        """As `task_list_agent(handle).as_context()`."""
        return task_list_agent(self.id).as_context()

    def as_tools(self) -> dict[str, Tool]:
        """As `task_list_agent(handle).as_tools()`."""
        return task_list_agent(self.id).as_tools()

    async def _move(self, verb: Move, task_id: str, reason: str) -> TaskSnapshot:
        return await in_turn(self.id, verb, self.id, task_id, actor=acting.actor(), by=By.HANDLE, reason=reason)


class Move(Protocol):
    """A service that moves one task."""

    def __call__(self, list_id: UUID, task_id: str, *, actor: Actor, by: By, reason: str) -> TaskSnapshot:
        """The task as it stands then."""
        ...
