"""A model's message, read with suspicion: whatever came, a message that can be sent back and the calls in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tasks_app.llm.model import Message

__all__ = ["ToolCall", "read_message", "text_of"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool as the model wrote it; `arguments` is None and `problem` says why where it cannot be read."""

    id: str
    name: str
    arguments: dict[str, Any] | None
    problem: str = ""
    written: str = ""

    @property
    def signature(self) -> tuple[str, str]:
        """Equal for calls of the same tool with the same arguments, however they were spelled."""
        if self.arguments is None:
            return self.name, self.written
        return self.name, json.dumps(self.arguments, sort_keys=True)


def read_message(message: Message, *, turn: int) -> tuple[Message, list[ToolCall]]:
    """The message with what endpoints refuse mended (ids, types), and its calls in order. Never raises.

    `turn` makes the ids of calls that came without one unique in their conversation.
    """
    given = message.get("tool_calls")
    if not isinstance(given, list) or not given:
        mended = {key: value for key, value in message.items() if key != "tool_calls"}
        return {**mended, "role": "assistant", "content": text_of(message)}, []
    calls = [_read_call(call, f"call_{turn}_{index}") for index, call in enumerate(given)]
    wire = [
        {
            **(given_call if isinstance(given_call, dict) else {}),
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.written},
        }
        for given_call, call in zip(given, calls, strict=True)
    ]
    return {**message, "role": "assistant", "content": text_of(message) or None, "tool_calls": wire}, calls


def text_of(message: Message) -> str:
    """The words of a message; empty where it has none."""
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _read_call(call: Any, fallback_id: str) -> ToolCall:
    call = call if isinstance(call, dict) else {}
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    name = str(function.get("name") or "")
    call_id = str(call.get("id") or fallback_id)
    written = function.get("arguments")
    if written is None or written == "":
        written = "{}"
    if not isinstance(written, str):
        written = json.dumps(written)
    try:
        arguments = json.loads(written)
    except (ValueError, RecursionError) as error:
        return ToolCall(call_id, name, None, f"The arguments are not JSON: {error}.", written)
    if not isinstance(arguments, dict):
        return ToolCall(call_id, name, None, "The arguments are not a JSON object.", written)
    return ToolCall(call_id, name, arguments, "", written)
