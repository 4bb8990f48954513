"""The worker of one task: what its agent is told of the assignment, and four tools that can touch no other task."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from tasks_app.agents.contexts import Context, context
from tasks_app.agents.progress import Progress
from tasks_app.agents.prompt import has_words
from tasks_app.agents.schemas import as_text, explain, output_of
from tasks_app.agents.tools import Tool
from tasks_app.crossing import in_turn
from tasks_app.errors import IllegalTransition, ValueRefused
from tasks_app.models import TaskSnapshot
from tasks_app.rules.statuses import By, TaskStatus, allowed
from tasks_app.services import claims
from tasks_app.services.claims import Claim

__all__ = ["LIFECYCLE_TOOLS", "TaskWorker"]

PRIORITY = 95  # above plans and task lists, at 80: without its assignment an agent can do nothing

GUIDELINES = {
    "start_task": "Call `start_task` when you begin.",
    "report_progress": "Call `report_progress` with one short line whenever you turn to something new.",
    "complete_task": "Call `complete_task` once, with the result, when the task is done.",
    "fail_task": "Call `fail_task`, saying what is in the way, if the task cannot be done.",
}
LIFECYCLE_TOOLS = tuple(GUIDELINES)


class TaskWorker:
    """Bound to one claim: its tools take no task id and act on this attempt alone.

    Args:
        output: what the result must be; `complete_task` then takes its fields.
        guidelines: instead of the line a tool.
        tell_input: whether the assignment holds the input; not where the messages do.
    """

    def __init__(
        self,
        claim: Claim,
        *,
        output: Any = None,
        guidelines: str | None = None,
        priority: int = PRIORITY,
        tell_input: bool = True,
    ) -> None:
        self.task = claim.task
        self.ended = False
        self._claim = claim
        self._telling = Progress(self._tell)
        self._output = output_of(output) if output is not None else None
        self._guidelines = guidelines
        self._priority = priority
        self._tell_input = tell_input

    def as_context(self) -> Context:
        """The assignment and the guidelines, as it stands when rendered. Priority 95."""
        return context(self._assignment, id="assignment", priority=self._priority)

    def as_tools(self) -> dict[str, Tool]:
        """`start_task`, `report_progress`, `complete_task`, `fail_task`, by name.

        Each answers `{"ok": true, "status"}` or `{"ok": false, "error", "status", "allowed"}`.

        Raises (when executed):
            AttemptLost: another ended the attempt; the agent must stop.
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
        return await self._do(lambda: claims.start(self._claim))

    async def _progress(self, arguments: dict[str, Any]) -> str:
        message = arguments.get("message")
        if not isinstance(message, str) or not message.strip():
            return self._declined("message: give a line of text.")
        try:
            await self._telling.say(message)
        except IllegalTransition as error:
            return self._illegal(error)
        return self._ok()

    async def _complete(self, arguments: dict[str, Any]) -> str:
        if self._output:
            try:
                result = self._output.read_arguments(arguments)
            except ValidationError as error:
                return self._declined(f"The result was not accepted. {explain(error)}")
        elif unknown := [name for name in arguments if name != "result"]:
            return self._declined(f"complete_task takes no {', '.join(unknown)}; put all of it into `result`.")
        else:
            result = arguments.get("result")
        return await self._do(lambda: claims.complete(self._claim, result), ends=True)

    async def _fail(self, arguments: dict[str, Any]) -> str:
        error = arguments.get("error")
        if not isinstance(error, str) or not error.strip():
            return self._declined("error: say in a line of text what is in the way.")
        return await self._do(lambda: claims.fail(self._claim, error), ends=True)

    async def _do(self, move: Callable[[], TaskSnapshot], *, ends: bool = False) -> str:
        try:
            await self._telling.close()
            self.task = await in_turn(self._claim.list_id, move)
        except IllegalTransition as error:
            return self._illegal(error)
        except ValueRefused as error:
            return self._declined(str(error))
        self.ended = self.ended or ends
        return self._ok()

    async def _tell(self, message: str) -> None:
        self.task = await in_turn(self._claim.list_id, claims.progress, self._claim, message)

    def _ok(self) -> str:
        return json.dumps({"ok": True, "status": str(self.task.status)})

    def _illegal(self, error: IllegalTransition) -> str:
        answer = {"ok": False, "error": str(error), "status": str(error.status), "allowed": list(error.allowed)}
        return json.dumps(answer, ensure_ascii=False)

    def _declined(self, error: str) -> str:
        status = str(self.task.status)
        ways = [str(way) for way in allowed(status, By.WORKER) if way != TaskStatus.PENDING]
        return json.dumps({"ok": False, "error": error, "status": status, "allowed": ways}, ensure_ascii=False)

    def _assignment(self) -> str:
        task = self.task
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


def _required(name: str, description: str) -> dict[str, Any]:
    properties = {name: {"type": "string", "description": description}}
    return {"type": "object", "properties": properties, "required": [name]}


_NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
_FREE_RESULT: dict[str, Any] = {
    "type": "object",
    "properties": {"result": {"description": "What the task was to produce: text, or any JSON value."}},
}
