"""Tools by which a model makes a plan or a task list, and the program gets at what it made."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from tasks_app.agents.list_handle import TaskListHandle
from tasks_app.agents.plans import PlanHandle, create_plan
from tasks_app.agents.task_list_agent import Assigned, DependsOn, Description, Label
from tasks_app.agents.tasklist import make
from tasks_app.agents.threads import call
from tasks_app.agents.tools import Tool, answering, tool
from tasks_app.errors import Refused
from tasks_app.rules import given
from tasks_app.services.tasks import NewTask

__all__ = ["Apart", "CreationTool", "create_plan_tool", "create_task_list_tool", "created_apart"]

logger = logging.getLogger(__name__)

H = TypeVar("H", PlanHandle, TaskListHandle)

OnCreated = Callable[[H], object]
"""Told of each that was made, after it is in the database; sync, in a thread, or async. Its value is ignored."""


class Created(Generic[H]):
    """Where a tool and all its copies leave what they made."""

    _handle: H | None = None

    @property
    def handle(self) -> H | None:
        """The last one: made in the part of the program that runs here, else in one around it, else anywhere."""
        part = _part.get()
        while part is not None:
            if self in part.handles:
                return part.handles[self]  # type: ignore[no-any-return]  # kept under its own tool
            part = part.around
        return self._handle

    def keep(self, handle: H) -> None:
        """Remember it as the last one, here and in all around."""
        self._handle = handle
        part = _part.get()
        while part is not None:
            part.handles[self] = handle
            part = part.around


@dataclass(frozen=True, slots=True)
class CreationTool(Tool, Generic[H]):
    """A tool that makes something; copies by `replace`, or under another name in a dict of tools, share `created`."""

    _made: Created[H] = field(kw_only=True, repr=False, compare=False)

    @property
    def created(self) -> H | None:
        """What it made, the last if it ran twice; None before."""
        return self._made.handle


@dataclass(frozen=True, slots=True)
class Apart:
    """What tools made in one part of a program."""

    around: Apart | None
    handles: dict[Created[Any], Any] = field(default_factory=dict)

    def get(self, made_by: CreationTool[H]) -> H | None:
        """What this tool made here, the last if it ran twice."""
        return self.handles.get(made_by._made)


_part: ContextVar[Apart | None] = ContextVar("crux_created_apart", default=None)


@contextmanager
def created_apart() -> Iterator[Apart]:
    """In here `.created` is what was made in here, if anything was: agents, and with them their tools, are shared by
    all that runs in a process, and others make theirs with them at the same time."""
    part = Apart(_part.get())
    token = _part.set(part)
    try:
        yield part
    finally:
        _part.reset(token)


def create_plan_tool(
    *, template: str = "", on_created: Callable[[PlanHandle], object] | None = None
) -> CreationTool[PlanHandle]:
    """The tool `create_plan`, which answers `{id, title, version}`.

    Args:
        template: what a plan should look like, told with the tool.
        on_created: called with the handle once the plan is in the database. If it raises, the model is told and
            the plan stays. A plain function runs in a thread and may use `run_sync`.
    """
    made: Created[PlanHandle] = Created()

    async def create(
        title: Annotated[str, Field(description="What the plan is for, in one line.")],
        content: Annotated[str, Field(description="The whole plan, in Markdown.")],
    ) -> dict[str, Any]:
        """Write down a plan. It is kept, and others work by it."""
        handle = await create_plan(title=title, content=content)
        await _hand_over(handle, made, on_created)
        plan = await handle.get()
        return {"id": str(plan.id), "title": plan.title, "version": plan.version}

    return _creating("create_plan", create, template, made)


def create_task_list_tool(
    *, template: str = "", on_created: Callable[[TaskListHandle], object] | None = None
) -> CreationTool[TaskListHandle]:
    """The tool `create_task_list`, which answers `{id, status, plan_id}`. With the list come its tasks, or neither.

    Args:
        template: what a list should look like, told with the tool.
        on_created: as for `create_plan_tool`.
    """
    made: Created[TaskListHandle] = Created()

    async def create(
        title: Annotated[str, Field(description="What the tasks are for, in one line.")],
        plan_id: Annotated[str | None, Field(description="The id of the plan that they carry out.")] = None,
        tasks: Annotated[list[ListedTask] | None, Field(description="The tasks, in order.")] = None,
    ) -> dict[str, Any]:
        """Make a list of tasks for others to work on. If a task is refused there is no list; mend it and call again."""
        new = [each.as_new_task() for each in tasks or ()]
        handle = await make(new, title=title, plan_id=plan_id or None)
        await _hand_over(handle, made, on_created)
        known = await handle.get()
        return {"id": str(known.id), "status": known.status, "plan_id": str(known.plan_id) if known.plan_id else None}

    return _creating("create_task_list", create, template, made)


class ListedTask(BaseModel):
    """A task as a model writes it down."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(description="A short id that says what it is, like `write-intro`.")]
    label: Label = None
    description: Description = None
    depends_on: DependsOn = None
    assignee: Assigned = None

    def as_new_task(self) -> NewTask:
        """The task as the services take it."""
        return NewTask(
            id=self.id,
            label=self.label or "",
            description=self.description or "",
            depends_on=self.depends_on or (),
            agent=self.assignee or "",
        )


def _creating(name: str, create: Callable[..., Awaitable[Any]], template: str, made: Created[H]) -> CreationTool[H]:
    given.text(template, f"The template of {name}")
    plain = answering(tool(name=name)(create))
    words = f"{plain.description}\n\nFollow this template:\n{template}" if template else plain.description
    return CreationTool(plain.name, words, plain.parameters, plain.execute, _made=made)


async def _hand_over(handle: H, made: Created[H], on_created: Callable[[H], object] | None) -> None:
    made.keep(handle)
    if on_created is None:
        return
    try:
        await call(on_created, handle)
    except Exception as error:
        logger.warning("on_created raised", exc_info=True, extra={"action": "tool.on_created_raised"})
        text = f"It was made, with the id {handle.id}, but what should follow failed: {type(error).__name__}: {error}"
        raise Refused(text) from error
