"""A model that says what it was told to: for tests, ours and yours.

model = ScriptedModel([call("start_task"), call("complete_task", result="done"), "Finished."])
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tasks_app.errors import ModelError
from tasks_app.llm.endpoint import ASGIApp, RequestRefused, application, completion, read_request
from tasks_app.llm.model import Message, Model, Reply, ToolSpec, Usage

__all__ = ["Scripted", "ScriptedCall", "ScriptedModel", "call", "reply", "serving"]

Scripted = str | Message | Reply | BaseException | Sequence[Message] | Callable[..., Any]
"""One entry of a script: the text to say; `call(…)`, or a list of them for one message; a whole message or
Reply; an exception to raise; or a function of (messages, tools), sync or async, that returns any of these."""


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    """What the model was asked, as it was then."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    deadline: float | None


def call(tool: str, /, **arguments: Any) -> Message:
    """An assistant message that calls one tool. It gets its id when it is said, so it may be said twice."""
    function = {"name": tool, "arguments": json.dumps(arguments)}
    return {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": function}]}


def reply(
    said: str | Message, *, usage: Usage | None = None, cost: Decimal | None = None, finish_reason: str = ""
) -> Reply:
    """A Reply around a text or a message, for scripts in which tokens, cost or the finish reason matter."""
    message = {"role": "assistant", "content": said} if isinstance(said, str) else said
    finish = finish_reason or ("tool_calls" if message.get("tool_calls") else "stop")
    return Reply(message, finish, "scripted", usage or Usage(10, 5), cost, 0.0)


class ScriptedModel:
    """A model that gives its replies one after the other.

    Args:
        replies: the script; see `Scripted`.
        by_turn: choose the reply by the assistant messages in the conversation, not by the calls in all,
            so that one script serves any number of conversations at once.
        gate: each call waits here until the event is set.
        delay: seconds each call takes (`asyncio.sleep`).
    """

    def __init__(
        self,
        replies: Sequence[Scripted],
        *,
        name: str = "scripted",
        by_turn: bool = False,
        gate: asyncio.Event | None = None,
        delay: float = 0.0,
    ) -> None:
        self.name = name
        self.calls: list[ScriptedCall] = []
        self._replies = list(replies)
        self._by_turn = by_turn
        self._gate = gate
        self._delay = delay
        self._arrived = asyncio.Event()

    async def complete(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float | None = None
    ) -> Reply:
        """The next reply of the script.

        Raises:
            ModelError: the script has no more; and whatever the script itself raises.
        """
        began = time.monotonic()
        self.calls.append(
            ScriptedCall(tuple(copy.deepcopy(list(messages))), tuple(copy.deepcopy(list(tools))), deadline)
        )
        number = len(self.calls)
        turn = sum(message.get("role") == "assistant" for message in messages) if self._by_turn else number - 1
        self._arrived.set()
        if self._gate is not None:
            await self._gate.wait()
        if self._delay:
            await asyncio.sleep(self._delay)
        if turn >= len(self._replies):
            raise self._exhausted(messages)
        said = self._replies[turn]
        while callable(said) and not isinstance(said, BaseException):
            said = said(messages, tools)
            if inspect.isawaitable(said):
                said = await said
        made = _made(said)
        return replace(made, model=self.name, message=_with_ids(made.message, number), seconds=time.monotonic() - began)

    async def reached(self, calls: int = 1) -> None:
        """Wait until the model has been called this often; with a `gate`, the calls are then held there."""
        while len(self.calls) < calls:
            self._arrived.clear()
            await self._arrived.wait()

    def __repr__(self) -> str:
        return f"<ScriptedModel {self.name!r}: {len(self.calls)} calls, {len(self._replies)} replies>"

    def _exhausted(self, messages: Sequence[Message]) -> ModelError:
        last = messages[-1] if messages else {}
        return ModelError(
            f"The script of {self.name!r} has {len(self._replies)} replies and was asked for one more; "
            f"the last message was {last.get('role')}: {str(last.get('content'))[:200]!r}.",
            retryable=False,
        )


def serving(model: Model) -> ASGIApp:
    """An OpenAI-compatible endpoint at which `model` answers, for `open_models(app=…)` or over HTTP.

    A ModelError becomes status 503 if it is retryable, else 400.
    """

    async def complete(body: bytes) -> dict[str, Any]:
        request = read_request(body)
        try:
            said = await model.complete(request["messages"], request.get("tools") or ())
        except ModelError as error:
            raise RequestRefused(str(error), status=503 if error.retryable else 400) from error
        usage: dict[str, Any] = {
            "prompt_tokens": said.usage.input_tokens,
            "completion_tokens": said.usage.output_tokens,
            "total_tokens": said.usage.total,
        }
        if said.cost is not None:
            usage["cost"] = float(said.cost)
        return completion(said.model, body, said.message, finish_reason=said.finish_reason, usage=usage)

    return application(model.name, complete)


def _made(said: Any) -> Reply:
    if isinstance(said, BaseException):
        raise said
    if isinstance(said, Reply):
        return said
    if isinstance(said, str | dict):
        return reply(said)
    if isinstance(said, Sequence):
        return reply({"role": "assistant", "content": None, "tool_calls": [c for m in said for c in m["tool_calls"]]})
    raise TypeError(f"A script holds texts, messages, Replies, exceptions and functions, not {said!r}.")


def _with_ids(message: Message, number: int) -> Message:
    """A copy of the message whose calls have ids of their own, the same in every run of the script."""
    message = copy.deepcopy(message)
    for position, tool_call in enumerate(message.get("tool_calls") or ()):
        tool_call.setdefault("id", f"call_{number}_{position}")
    return message
