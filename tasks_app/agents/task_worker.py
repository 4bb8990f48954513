"""The worker of one task: what its agent is told of the assignment, and four tools that can touch no other task."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from tasks_app.agents import ids
from tasks_app.agents.binding import Binding
from tasks_app.agents.contexts import Context, context
from tasks_app.agents.ids import Identified
from tasks_app.agents.progress import Progress
from tasks_app.agents.prompt import has_words
from tasks_app.agents.schemas import as_text, explain, output_of
from tasks_app.agents.tools import Tool
from tasks_app.crossing import in_db
from tasks_app.errors import AttemptLost, IllegalTransition, NotFound, Refused
from tasks_app.models import TaskSnapshot
from tasks_app.rules import given
from tasks_app.rules.statuses import TaskStatus
from tasks_app.services import tasks

__all__ = ["LIFECYCLE_TOOLS", "TaskWorker", "task_worker"]

PRIORITY = 95  # above plans and task lists, at 80: without its assignment an agent can do nothing

GUIDELINES = {
    "start_task": "Call `start_task` when you begin.",
    "report_progress": "Call `report_progress` with one short line whenever you turn to something new.",
    "complete_task": "Call `complete_task` once, with the result, when the task is done.",
    "fail_task": "Call `fail_task`, saying what is in the way, if the task cannot be done.",
}
LIFECYCLE_TOOLS = tuple(GUIDELINES)


RenderContext = Callable[[TaskSnapshot, list[TaskSnapshot]], str | Awaitable[str]]
"""A function, sync or async, of the task and all tasks of its list, by position, that writes the assignment."""


def task_worker(
    list_id: Identified | UUID | str,
    task_id: str,
    *,
    guidelines: str | None = None,
    render_context: RenderContext | None = None,
    priority: int = PRIORITY,
    output: Any = None,
) -> TaskWorker:
    """The worker of one task, to be worked on here and now, by whatever is given its context and its tools.

    Nothing is read or written yet. The first start, complete or fail opens an attempt and binds the worker to it, for
    good: once that has ended, every move is declined. The attempt is held for as long as the worker lives; one that
    is thrown away gives its task back.

    Args:
        guidelines: instead of the line a tool.
        render_context: instead of the whole assignment.
        priority: how long the assignment stays when room is short; plans stand at 80.
        output: what the result must be, any type pydantic knows; `complete_task` then takes its fields.

    Raises:
        TaskListNotFound: the list's id is no UUID.
    """
    if guidelines is not None:
        given.text(guidelines, "The guidelines of a worker")
    if render_context is not None:
        given.function(render_context, "The render_context of a worker")
    return TaskWorker(
        Binding(ids.list_id(list_id), task_id),
        guidelines=guidelines,
        render_context=render_context,
        priority=priority,
        output=output,
    )


class TaskWorker:
    """Bound to one task: its tools take no task id, and act on one attempt alone. See `task_worker`.

    Args:
        tell_input: whether the assignment holds the input; not where the messages do.
    """

    def __init__(
        self,
        binding: Binding,
        *,
        output: Any = None,
        guidelines: str | None = None,
        render_context: RenderContext | None = None,
        priority: int = PRIORITY,
        tell_input: bool = True,
    ) -> None:
        # No circle of references leads back to the binding, so that it goes with the last tool that could use it.
        self._binding = binding
        self._telling = Progress(binding.progress)
        self._output = output_of(output) if output is not None else None
        self._guidelines = guidelines
        self._render_context = render_context
        self._priority = priority
        self._tell_input = tell_input

    @property
    def ended(self) -> bool:
        """Whether it has ended its attempt."""
        return self._binding.ended

    @property
    def lost(self) -> AttemptLost | None:
        """That and how another has ended its attempt, if it has come to know."""
        return self._binding.lost

    def as_context(self) -> Context:
        """The assignment and the guidelines, as the task stands when rendered; empty if it is gone. Priority 95."""
        return context(self._assignment, id="assignment", priority=self._priority)

    def as_tools(self) -> dict[str, Tool]:
        """`start_task`, `report_progress`, `complete_task`, `fail_task`, by name.

        Each answers `{"ok": true, "status"}` or `{"ok": false, "error", "status", "allowed"}`, the latter without
        having changed anything; without `status` and `allowed` if there is no such task.
        """
        message = _required("message", "What you are doing now, in one short line for people who watch.")
        error = _required("error", "Why the task cannot be done, so that a person can act on it.")
        result = self._output.parameters if self._output else _FREE_RESULT
        made = (
            Tool("start_task", "Say that you begin to work on your task.", _NOTHING, self._start),
            Tool("report_progress", "Tell the people who watch what you are doing.", message, self._progress),
            Tool("complete_task", "End your task with its result. This is final.", result, self._complete),
            Tool("fail_task", "End your task as failed. This is final.", error, self._fail),
        )
        return {tool.name: tool for tool in made}

    async def _start(self, arguments: dict[str, Any]) -> str:
        return await self._do(self._binding.start)

    async def _progress(self, arguments: dict[str, Any]) -> str:
        message = _given(arguments).get("message")
        if not isinstance(message, str) or not message.strip():
            return await self._declined("message: give a line of text.")
        try:
            if not await self._telling.say(message):
                await self._binding.start()  # it waits for its turn: is there still an attempt to tell of?
        except (Refused, NotFound) as error:
            return await self._refused(error)
        return _ok(TaskStatus.IN_PROGRESS)

    async def _complete(self, arguments: dict[str, Any]) -> str:
        if self._output:
            try:
                result = self._output.read_arguments(arguments)
            except ValidationError as error:
                return await self._declined(f"The result was not accepted. {explain(error)}")
        elif unknown := [str(name) for name in _given(arguments) if name != "result"]:
            return await self._declined(f"complete_task takes no {', '.join(unknown)}; put all of it into `result`.")
        else:
            result = _given(arguments).get("result")
        return await self._do(partial(self._binding.complete, result))

    async def _fail(self, arguments: dict[str, Any]) -> str:
        error = _given(arguments).get("error")
        if not isinstance(error, str) or not error.strip():
            return await self._declined("error: say in a line of text what is in the way.")
        return await self._do(partial(self._binding.fail, error))

    async def _do(self, move: Callable[[], Awaitable[TaskSnapshot]]) -> str:
        try:
            await self._telling.close()
            return _ok((await move()).status)
        except (Refused, NotFound) as error:
            return await self._refused(error)

    async def _refused(self, error: Refused | NotFound) -> str:
        if not isinstance(error, IllegalTransition):
            return await self._declined(str(error))
        return _no(str(error), str(error.status), error.allowed)

    async def _declined(self, error: str) -> str:
        try:
            status = str((await self._binding.read()).status)
        except NotFound:
            return _no(error)
        return _no(error, status, map(str, self._binding.ways(status)))

    async def _assignment(self) -> str:
        try:
            task = await self._binding.read()
            if self._render_context is not None:
                made = self._render_context(task, await in_db(tasks.all_of, task.list_id))
                return await made if inspect.isawaitable(made) else made
        except NotFound:
            return ""
        label = " ".join(task.label.split())
        lines = [f"**Task:** {label}" + (f" (assigned to {task.agent})" if task.agent else "")]
        lines += [f"**Description:** {task.description}"] if task.description else []
        lines += [f"**Status:** {task.status}"]
        lines += [f"**Progress:** {task.progress}"] if task.progress else []
        if task.feedback:
            lines += [f"**Feedback:** the previous attempt failed, mend what it says: {task.feedback}"]
        if self._tell_input and has_words(task.input):
            lines += [f"**Input:**\n{as_text(task.input)}"]
        guidelines = self._guidelines
        if guidelines is None:
            guidelines = "\n".join(f"- {line}" for line in GUIDELINES.values())
        return "## Your Assignment\n" + "\n".join(lines) + f"\n\n## Guidelines\n{guidelines}"


def _given(arguments: object) -> Mapping[str, Any]:
    return arguments if isinstance(arguments, Mapping) else {}  # by hand anything may come


def _ok(status: str) -> str:
    return json.dumps({"ok": True, "status": str(status)})


def _no(error: str, status: str = "", allowed: Iterable[str] = ()) -> str:
    told: dict[str, Any] = {"ok": False, "error": error}
    if status:
        told |= {"status": status, "allowed": list(allowed)}
    return json.dumps(told, ensure_ascii=False)


def _required(name: str, description: str) -> dict[str, Any]:
    properties = {name: {"type": "string", "description": description}}
    return {"type": "object", "properties": properties, "required": [name]}


_NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
_FREE_RESULT: dict[str, Any] = {
    "type": "object",
    "properties": {"result": {"description": "What the task was to produce: text, or any JSON value."}},
}
