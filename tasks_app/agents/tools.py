"""Tools: what an agent can do besides talking. A tool never breaks the conversation; it answers what went wrong."""

from __future__ import annotations

import dataclasses
import inspect
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, overload

from pydantic import ValidationError
from pydantic.errors import PydanticUserError

from tasks_app.agents import threads
from tasks_app.agents.calls import ToolCall
from tasks_app.agents.schemas import Arguments, as_text, explain
from tasks_app.conf import conf
from tasks_app.errors import CruxError, IllegalTransition, ValueRefused
from tasks_app.llm.model import Message, ToolSpec
from tasks_app.rules import given
from tasks_app.rules.given import shown

__all__ = ["Answer", "Tool", "Tools", "answer", "answering", "declined", "named", "tool"]

logger = logging.getLogger(__name__)

Execute = Callable[[dict[str, Any]], str | Awaitable[str]]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")  # what endpoints accept


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as a value: `execute` gets the arguments as one dict and answers a string; a plain def runs in a thread.

    Change one with `replace`; the original stays as it is.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    """The JSON schema of the arguments, an object."""
    execute: Execute
    repeatable: bool = field(default=False, kw_only=True)
    """Whether calling it again and again with the same arguments makes sense, as with `next_page()`."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(given.text(self.name, "The name of a tool")):
            raise ValueRefused(f"A tool cannot be named {shown(self.name)}; use 1 to 64 letters, digits, _ and -.")
        given.text(self.description, f"The description of tool {self.name!r}")
        given.mapping(self.parameters, f"The parameters of tool {self.name!r}, a JSON schema,")
        given.function(self.execute, f"The execute of tool {self.name!r}")

    def replace(self, **changes: Any) -> Self:
        """A tool like this one with some fields changed: `complete.replace(description="…", execute=checked)`."""
        return dataclasses.replace(self, **changes)

    async def call(self, arguments: dict[str, Any]) -> str:
        """Execute it, as a model's call does: for a tool around another, `return await inner.call(arguments)`."""
        return as_text(await threads.call(self.execute, arguments))

    def spec(self) -> ToolSpec:
        """The tool as the Chat Completions `tools` array holds it."""
        function = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": function}


Tools = Mapping[str, Tool | Callable[..., Any]] | Iterable[Tool | Callable[..., Any]]
"""Tools as they are given: a dict, whose keys are the names the model sees, or a list; functions become tools."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A call of a tool and what it answered; `ok` is false where nothing was done."""

    call: ToolCall
    text: str
    ok: bool

    @property
    def message(self) -> Message:
        """The answer as the model gets it."""
        return {"role": "tool", "tool_call_id": self.call.id, "content": self.text}


@overload
def tool(fn: Callable[..., Any]) -> Tool: ...
@overload
def tool(
    *, name: str | None = None, description: str | None = None, repeatable: bool = False
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    repeatable: bool = False,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a function, as `@tool`, `@tool(name=…)` or `tool(fn)`.

    The schema comes from the parameters' types (`Annotated[int, Field(description="…")]` describes one), or from the
    fields of the pydantic model that is the only parameter; the description from the docstring. What the function
    returns goes to the model, text as it is and anything else as JSON; what it raises goes there as an error.
    """

    def make(fn: Callable[..., Any]) -> Tool:
        try:
            arguments = Arguments(given.function(fn, "What a tool is made of"))
        except (TypeError, ValueError, NameError, PydanticUserError) as error:
            raise ValueRefused(f"No tool can be made of {shown(fn)}: {error}") from error
        words = description if description is not None else inspect.getdoc(fn) or ""
        return Tool(name or fn.__name__, words, arguments.schema, _executing(fn, arguments), repeatable=repeatable)

    return make if fn is None else make(fn)


def _made(each: Any) -> Tool:
    return each if isinstance(each, Tool) else tool(given.function(each, "A tool, if it is no Tool,"))


def named(tools: Tools | None) -> dict[str, Tool]:
    """The tools by the name the model sees.

    Raises:
        ValueRefused: two of a list have the same name.
    """
    if tools is None:
        return {}
    if isinstance(tools, Mapping):
        return {
            name: each.replace(name=name) if isinstance(each, Tool) else tool(name=name)(each)
            for name, each in tools.items()
        }
    by_name: dict[str, Tool] = {}
    for each in map(_made, given.several(tools, "What an agent has as `tools`, if no dict,")):
        if each.name in by_name:
            raise ValueRefused(f"Two tools are named {each.name!r}; give them as a dict with different keys.")
        by_name[each.name] = each
    return by_name


async def answer(call: ToolCall, tools: Mapping[str, Tool]) -> Answer:
    """Do what the model asked for; what goes wrong is its answer."""
    known = tools.get(call.name)
    if known is None:
        return declined(call, f"There is no tool {call.name!r}. The tools are: {', '.join(tools) or 'none'}.")
    if call.arguments is None:
        return declined(call, call.problem)
    try:
        text = await known.call(call.arguments)
    except (ValidationError, CruxError) as error:
        return Answer(call, _refusal(error), ok=False)
    except (Exception, SystemExit) as error:  # a tool is foreign code, and one of sixty agents must not end the process
        logger.warning("tool %r raised", call.name, exc_info=True, extra={"action": "tool.raised"})
        return declined(call, f"{type(error).__name__}: {error}")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > conf.max_value_bytes:
        return declined(
            call, f"The answer is {size:,} bytes; at most {conf.max_value_bytes:,} can be read. Ask for less."
        )
    return Answer(call, text, ok=not _says_no(text))


def declined(call: ToolCall, error: str) -> Answer:
    """The answer to a call that was not done."""
    return Answer(call, json.dumps({"ok": False, "error": error}, ensure_ascii=False), ok=False)


def answering(made: Tool) -> Tool:
    """The tool such that what Crux refuses is what it answers, wherever it is executed.

    What it raises then is an error in its code.
    """

    async def execute(arguments: dict[str, Any]) -> str:
        try:
            return await made.call(arguments)
        except (ValidationError, CruxError) as error:
            return _refusal(error)

    return made.replace(execute=execute)


def _refusal(error: ValidationError | CruxError) -> str:
    """`{ok: false, error}` for a model to act on, and where a task stands and may go if the error knows."""
    told: dict[str, Any] = {"ok": False, "error": explain(error) if isinstance(error, ValidationError) else str(error)}
    if isinstance(error, IllegalTransition):
        told |= {"status": str(error.status), "allowed": [str(status) for status in error.allowed]}
    return json.dumps(told, ensure_ascii=False)


def _executing(fn: Callable[..., Any], arguments: Arguments) -> Execute:
    """`fn` behind its arguments' validation; async stays async, so that it runs on the loop."""
    if inspect.iscoroutinefunction(fn):

        async def execute(given: dict[str, Any]) -> str:
            return as_text(await fn(**arguments.read(given)))

        return execute
    return lambda given: as_text(fn(**arguments.read(given)))


def _says_no(text: str) -> bool:
    if not text.startswith("{") or '"ok"' not in text[:100]:
        return False
    try:
        return bool(json.loads(text).get("ok") is False)
    except ValueError:
        return False
