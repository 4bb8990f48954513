"""What stands in a conversation so far, for a model that keeps nothing between calls."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tasks_app.llm.model import Message, ToolSpec
from tasks_app.llm.prose import words_in

__all__ = ["Conversation", "ToolResult", "readable"]

WORKER_TOOLS = frozenset({"start_task", "report_progress", "complete_task", "fail_task"})
FEW_WORDS = 4  # a user message below this ("Begin.") is no text to work on, if the assignment has one
UNREADABLE = 0.1  # of the characters: more that no text has, and it is none

_HEADING = re.compile(r"^#{1,6}\s*your assignment\b.*$", re.I | re.M)
_NEXT_HEADING = re.compile(r"^#{1,2}\s", re.M)
_FIELD = re.compile(
    r"^[\s>*_-]*(label|task|title|assignee|agent|model|status|progress|description|input|feedback|id|attempt)"
    r"\s*[*_]*\s*:[ \t*_]*(.*)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered: `{"ok": …, "error": …}` as the worker tools write it; other text counts as ok."""

    ok: bool
    error: str


class Conversation:
    """The messages of a request and the tools it offers."""

    def __init__(self, messages: list[Message], tools: list[ToolSpec]) -> None:
        self._messages = messages
        self._tools = {tool["function"]["name"]: tool["function"] for tool in tools}
        self._results = _results(messages)

    @property
    def is_assignment(self) -> bool:
        """Whether a task is to be worked: one of the worker's tools is offered."""
        return bool(WORKER_TOOLS & self._tools.keys())

    def offers(self, tool: str) -> bool:
        """Whether the request offers this tool."""
        return tool in self._tools

    def parameters(self, tool: str) -> dict[str, Any]:
        """The JSON schema of a tool's arguments; empty if it gave none."""
        found = self._tools[tool].get("parameters")
        return found if isinstance(found, dict) else {}

    def tried(self, tool: str) -> bool:
        """Whether the tool was called, whatever came of it."""
        return tool in self._results

    def result_of(self, tool: str) -> ToolResult | None:
        """What the last call of the tool came to; None if there was none."""
        return self._results.get(tool)

    def last_user_text(self) -> str:
        """The text of the last user message, or empty if it cannot be read."""
        return readable(_last_user_text(self._messages))

    def assignment_text(self) -> str:
        """The text to work on: the task's input, else its description, else its label; empty if unreadable.

        The input is the last user message before the first answer; later ones only ask to finish.
        """
        first = next((at for at, said in enumerate(self._messages) if said["role"] == "assistant"), None)
        given = readable(_last_user_text(self._messages[:first]))
        if words_in(given) >= FEW_WORDS:
            return given
        fields = _assignment(self._messages)
        own = readable(fields.get("input", "")) or readable(fields.get("description", ""))
        if words_in(own) > words_in(given):
            return own
        return given or readable(fields.get("label", "") or fields.get("task", "") or fields.get("title", ""))


def readable(text: str) -> str:
    """The text if it has words and is text at all; else empty."""
    strange = sum(char == "\ufffd" or (ord(char) < 32 and char not in "\t\n\r\f") for char in text)
    return text if words_in(text) and strange <= UNREADABLE * len(text) else ""


def _results(messages: list[Message]) -> dict[str, ToolResult]:
    """The result of each tool's last call. A call that was not answered yet counts as ok."""
    names: dict[str, str] = {}
    results: dict[str, ToolResult] = {}
    for message in messages:
        for call in message.get("tool_calls") or ():
            names[str(call.get("id"))] = call["function"]["name"]
            results[call["function"]["name"]] = ToolResult(True, "")
        if message["role"] == "tool" and (name := names.get(str(message.get("tool_call_id")))):
            results[name] = _result(_text_of(message))
    return results


def _result(content: str) -> ToolResult:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return ToolResult(True, "")
    if not isinstance(answer, dict) or answer.get("ok", True):
        return ToolResult(True, "")
    return ToolResult(False, str(answer.get("error") or "no reason given"))


def _last_user_text(messages: list[Message]) -> str:
    return next((_text_of(said) for said in reversed(messages) if said["role"] == "user"), "")


def _text_of(message: Message) -> str:
    """Content as text; images and the like, which only a model with eyes could read, are left out."""
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "\n\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _assignment(messages: list[Message]) -> dict[str, str]:
    """The fields under the system's heading "Your Assignment", by their names in small letters."""
    text = "\n\n".join(_text_of(said) for said in messages if said["role"] in ("system", "developer"))
    heading = _HEADING.search(text)
    if heading is None:
        return {}
    section = text[heading.end() :]
    if following := _NEXT_HEADING.search(section):
        section = section[: following.start()]
    fields: dict[str, list[str]] = {}
    current = "description"
    for line in section.splitlines():
        if field := _FIELD.match(line):
            current = field[1].lower()
            line = field[2]
        fields.setdefault(current, []).append(line)
    return {name: "\n".join(lines).strip() for name, lines in fields.items()}
