"""Plans in a program: write one, hold on to it, read and revise it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tasks_app.agents import acting, ids
from tasks_app.agents.acting import Creator
from tasks_app.crossing import in_db
from tasks_app.models import PlanSnapshot, RevisionSnapshot
from tasks_app.services import plans

__all__ = ["PlanHandle", "create_plan"]


async def create_plan(
    *, title: str, content: str = "", metadata: Mapping[str, Any] | None = None, created_by: Creator = None
) -> PlanHandle:
    """Write a plan, in Markdown; it is version 1.

    `created_by` sees it on the pages, as staff do; in an attempt it is whoever the attempt's task list belongs to.

    Raises:
        ValueRefused: no title, or metadata that is not JSON.
    """
    who = acting.actor()

    def create() -> PlanSnapshot:
        belongs_to = acting.creator(created_by)
        return plans.create(title, content=content, metadata=metadata, actor=who, created_by=belongs_to)

    return PlanHandle((await in_db(create)).id)


@dataclass(frozen=True, slots=True, init=False)
class PlanHandle:
    """A plan by its id: each verb goes to the row as it stands then.

    Raises (each verb):
        PlanNotFound: there is no such plan; for an id that is no UUID already when the handle is made.
    """

    id: UUID

    def __init__(self, plan_id: UUID | str) -> None:
        object.__setattr__(self, "id", ids.plan_id(plan_id))

    async def get(self) -> PlanSnapshot:
        """The plan as it stands."""
        return await in_db(plans.get, self.id)

    async def update(
        self, *, title: str | None = None, content: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> PlanSnapshot:
        """Change what is given. A title or content, even an equal one, makes the next version; metadata replaces.

        Raises:
            ValueRefused: an empty title, or metadata that is not JSON.
        """
        who = acting.actor()
        return await in_db(plans.update, self.id, title=title, content=content, metadata=metadata, actor=who)

    async def revisions(self) -> list[RevisionSnapshot]:
        """Each version, oldest first, with its author and its difference from the one before."""
        return await in_db(plans.revisions, self.id)
