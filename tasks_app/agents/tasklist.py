"""Task lists in a program: make one, or take up one that there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from tasks_app.agents import acting, ids
from tasks_app.agents.acting import Creator
from tasks_app.agents.list_handle import TaskListHandle
from tasks_app.crossing import in_db
from tasks_app.models import TaskListSnapshot
from tasks_app.services import batches, plans
from tasks_app.services.tasks import NewTask

__all__ = ["create_handle", "make", "tasklist"]


async def tasklist(
    *,
    title: str = "",
    plan_id: UUID | str | None = None,
    metadata: Mapping[str, Any] | None = None,
    agent: str = "",
    concurrency: int | None = None,
    created_by: Creator = None,
) -> TaskListHandle:
    """Make an empty task list, not started: the workers leave it alone until then.

    Args:
        title: without one it is the plan's, or "Task list".
        plan_id: the plan that it carries out.
        agent: who works on tasks that name nobody.
        concurrency: tasks at once; None is the deployment's.
        created_by: who sees it on the pages, as staff do; in an attempt it is whoever the attempt's list belongs to.

    Raises:
        PlanNotFound.
        ValueRefused: a concurrency below 1, or metadata that is not JSON.
    """
    return await make(
        [],
        title=title,
        plan_id=plan_id,
        metadata=metadata,
        agent=agent,
        concurrency=concurrency,
        created_by=created_by,
    )


def create_handle(list_id: UUID | str) -> TaskListHandle:
    """A handle of a task list that exists, by its id.

    Raises:
        TaskListNotFound: the id is no UUID. Of one that no list has only the verbs tell.
    """
    return TaskListHandle(list_id)


async def make(
    new: Sequence[NewTask],
    *,
    title: str = "",
    plan_id: UUID | str | None = None,
    metadata: Mapping[str, Any] | None = None,
    agent: str = "",
    concurrency: int | None = None,
    created_by: Creator = None,
) -> TaskListHandle:
    """As `tasklist`, with tasks: all of them are on it, or there is no list."""
    plan = ids.plan_id(plan_id) if plan_id is not None else None
    who = acting.actor()

    def create() -> TaskListSnapshot:
        return batches.make(
            title or (plans.get(plan).title if plan else "Task list"),
            new,
            plan_id=plan,
            metadata=metadata,
            agent=agent,
            concurrency=concurrency,
            actor=who,
            created_by=acting.creator(created_by),
        )

    return TaskListHandle((await in_db(create)).id)
