"""A plan in an agent's hands: what it is told of it, and two tools to read and revise it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from tasks_app.agents import ids
from tasks_app.agents.contexts import Context, context, give
from tasks_app.agents.ids import Identified
from tasks_app.agents.plans import PlanHandle
from tasks_app.agents.tools import Tool, answering, named, tool
from tasks_app.errors import PlanNotFound, ValueRefused
from tasks_app.models import PlanSnapshot
from tasks_app.rules import given
from tasks_app.rules.given import shown

__all__ = ["PlanAgent", "RenderPlan", "plan_agent"]

PRIORITY = 80  # below a worker's assignment, at 95, without which it can do nothing

RenderPlan = Callable[[PlanSnapshot], str | Awaitable[str]]
"""What an agent is told of a plan, instead of title, version and content."""


def plan_agent(
    plan_or_id: Identified | UUID | str,
    *,
    mode: Literal["full", "reference"] = "full",
    priority: int = PRIORITY,
    render_context: RenderPlan | None = None,
) -> PlanAgent:
    """A plan for agents to follow.

    Args:
        mode: `full` tells the whole plan, `reference` that there is one and which tool fetches it.
        priority: of its context; the higher it is the longer the plan stays when room is short.
        render_context: makes the text from the plan instead, in either mode; sync or async.

    Raises:
        PlanNotFound: the id is no UUID. A plan that is missing later only leaves the context empty.
    """
    if mode not in ("full", "reference"):
        raise ValueRefused(f"A plan is told in mode 'full' or 'reference', not {shown(mode)}.")
    if render_context is not None:
        given.function(render_context, "The render_context of a plan")
    return PlanAgent(PlanHandle(ids.plan_id(plan_or_id)), mode, priority, render_context)


class PlanAgent:
    """A plan as a context and as tools; see `plan_agent`."""

    def __init__(
        self, plan: PlanHandle, mode: Literal["full", "reference"], priority: int, render_context: RenderPlan | None
    ) -> None:
        self._plan = plan
        self._priority = priority
        self._render: RenderPlan = render_context or (_in_full if mode == "full" else _by_reference)

    def as_context(self) -> Context:
        """The plan as it stands when rendered; empty, and so left out, if there is none."""
        return context(self._text, id=f"plan:{self._plan.id}", priority=self._priority)

    def as_tools(self) -> dict[str, Tool]:
        """`get_plan` and `update_plan`, by name; they take no plan's id.

        They answer `{id, title, content, version, metadata}` and `{ok, version}`, or `{ok: false, error}`.
        """
        made = [tool(name="get_plan", repeatable=True)(self._get), tool(name="update_plan")(self._update)]
        return named(map(answering, made))

    async def _text(self) -> str:
        try:
            plan = await self._plan.get()
        except PlanNotFound:
            return ""
        return str(await give(self._render, plan))

    async def _get(self) -> dict[str, Any]:
        """Read the plan as it stands now."""
        plan = await self._plan.get()
        return {
            "id": str(plan.id),
            "title": plan.title,
            "content": plan.content,
            "version": plan.version,
            "metadata": plan.metadata,
        }

    async def _update(
        self,
        title: Annotated[str | None, Field(description="The new title, in one line.")] = None,
        content: Annotated[str | None, Field(description="The whole new text, in Markdown; it replaces all.")] = None,
    ) -> dict[str, Any]:
        """Revise the plan. What you leave out stays; every earlier version is kept."""
        if title is None and content is None:
            raise ValueRefused("Give a title, a content, or both.")
        return {"ok": True, "version": (await self._plan.update(title=title, content=content)).version}


def _in_full(plan: PlanSnapshot) -> str:
    return f"## Plan: {plan.title} (version {plan.version})\n\n{plan.content}"


def _by_reference(plan: PlanSnapshot) -> str:
    return f"## Plan: {plan.title} (version {plan.version})\n\nCall `get_plan` to read it before you rely on it."
