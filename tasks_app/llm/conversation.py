"""What stands in a conversation so far, for a model that keeps nothing between calls."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tasks_app.llm.model import JSON_ASKED_AGAIN, JSON_WISH, Message, ToolSpec
from tasks_app.llm.prose import words_in

__all__ = ["Conversation", "ToolResult", "readable"]

WORKER_TOOLS = frozenset({"start_task", "report_progress", "complete_task", "fail_task"})
CREATION_TOOLS = frozenset({"create_plan", "create_task_list"})
FEW_WORDS = 4  # a user message below this ("Begin.") is no text to work on, if the assignment has one
CALL_WORDS = 12  # nor is one below this that only calls to the task
UNREADABLE = 0.1  # of the characters: more that no text has, and it is none

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CALL_TO_WORK = re.compile(r"\b(?:begin|start|tasks?|assignment)\b", re.I)
_HEADING = re.compile(r"^#{1,6}\s*your assignment\b.*$", re.I | re.M)
_NEXT_HEADING = re.compile(r"^#{1,2}\s", re.M)
_GUIDELINES = re.compile(r"^## Guidelines$", re.M)
_ASSIGNED_TO = re.compile(r"\s\(assigned to [^()]*\)$")
_FIELD = re.compile(
    r"^[\s>*_-]*(?:your\s)?(label|task|title|assignee|agent|model|status|progress|description|input|feedback|id|attempt)"
    r"\s*[*_]*\s*:[ \t*_]*(.*)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered to its last call: `{"ok": …, "error": …}` as ours write it; other text counts as ok."""

    ok: bool
    error: str
    answer: Mapping[str, Any]
    """The JSON object it answered, or empty."""
    arguments: Mapping[str, Any]
    """What it was called with."""
    calls: int
    """How often it was called."""


class Conversation:
    """The messages of a request and the tools it offers. A tool is known as `create_plan`, or `createPlan`."""

    def __init__(self, messages: list[Message], tools: list[ToolSpec]) -> None:
        self._messages = messages
        self._tools = {_snake_case(tool["function"]["name"]): tool["function"] for tool in tools}
        self._results = _results(messages)

    @property
    def is_assignment(self) -> bool:
        """Whether a task is to be worked: one of the worker's tools is offered."""
        return bool(WORKER_TOOLS & self._tools.keys())

    @property
    def is_creation(self) -> bool:
        """Whether plans or task lists are to be made: a tool that creates one is offered."""
        return bool(CREATION_TOOLS & self._tools.keys())

    def offers(self, tool: str) -> bool:
        """Whether the request offers this tool."""
        return tool in self._tools

    def name_of(self, tool: str) -> str:
        """What the request calls the tool."""
        return str(self._tools[tool]["name"])

    def description(self, tool: str) -> str:
        """What the request says of the tool; empty if nothing."""
        return str(self._tools[tool].get("description") or "")

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

    def wished_schema(self) -> Any:
        """The JSON schema that the system text asks the final text to be of; None if it asks for none."""
        return _wish(self._system_text())[1]

    def text(self) -> str:
        """What was said last to be answered, else the system text; empty if unreadable."""
        return readable(_last_user_text(self._messages)) or readable(_wish(self._system_text())[0])

    def assignment_text(self) -> str:
        """The text to work on: the task's input, else its description, else its label; empty if unreadable.

        The input is in the assignment or the last user message before the first answer; later ones only ask to finish.
        """
        first = next((at for at, said in enumerate(self._messages) if said["role"] == "assistant"), None)
        given = readable(_last_user_text(self._messages[:first]))
        fields = {name: readable(text) for name, text in _assignment(self._system_text()).items()}
        input, description = fields.get("input", ""), fields.get("description", "")
        label = _ASSIGNED_TO.sub("", fields.get("label") or fields.get("task") or fields.get("title") or "")
        words = words_in(given)
        if words < CALL_WORDS and _CALL_TO_WORK.search(given):
            return input or description or label or given
        if words_in(input) > words:
            return input
        if words < FEW_WORDS and words_in(description) > words:
            return description
        return given or label

    def _system_text(self) -> str:
        return "\n\n".join(_text_of(said) for said in self._messages if said["role"] in ("system", "developer"))


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
            name = _snake_case(call["function"]["name"])
            names[str(call.get("id"))] = name
            earlier = results[name].calls if name in results else 0
            results[name] = ToolResult(True, "", {}, _object(call["function"].get("arguments")), earlier + 1)
        if message["role"] == "tool" and (name := names.get(str(message.get("tool_call_id")), "")):
            answer = _object(_text_of(message))
            ok = bool(answer.get("ok", not answer.get("error")))
            error = "" if ok else str(answer.get("error") or "no reason given")
            results[name] = replace(results[name], ok=ok, error=error, answer=answer)
    return results


def _object(written: Any) -> dict[str, Any]:
    """A JSON object as it was written; empty if it is none."""
    try:
        read = json.loads(written)
    except (TypeError, ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _snake_case(name: str) -> str:
    return _CAPITAL.sub("_", name).lower()


def _wish(system: str) -> tuple[str, Any]:
    """A system text without its wish for JSON, and the schema in it."""
    before, wish, after = system.rpartition(JSON_WISH)
    if not wish:
        return system, None
    try:
        schema, end = json.JSONDecoder().raw_decode(after)
    except (ValueError, RecursionError):
        return system, None
    return f"{before}{after[end:]}".strip(), schema


def _last_user_text(messages: list[Message]) -> str:
    said = (_text_of(said) for said in reversed(messages) if said["role"] == "user")
    return next((text for text in said if not text.endswith(JSON_ASKED_AGAIN)), "")


def _text_of(message: Message) -> str:
    """Content as text; images and the like, which only a model with eyes could read, are left out."""
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "\n\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _assignment(system: str) -> dict[str, str]:
    """The fields under the system's heading "Your Assignment", by their names in small letters.

    An assignment in words of its own has no such heading; then only lines like "Your task: …" are read.
    """
    heading = _HEADING.search(system)
    if heading is None:
        lines = filter(None, map(_FIELD.match, system.splitlines()))
        return {line[1].lower(): line[2].strip() for line in lines}
    section = system[heading.end() :]
    if end := _GUIDELINES.search(section) or _NEXT_HEADING.search(section):  # an input may have headings of its own
        section = section[: end.start()]
    fields: dict[str, list[str]] = {}
    current = "description"
    for line in section.splitlines():
        if current != "input" and (field := _FIELD.match(line)):
            current = field[1].lower()
            line = field[2]
        fields.setdefault(current, []).append(line)
    return {name: "\n".join(lines).strip() for name, lines in fields.items()}
