"""Contexts: pieces of a system text, each with a priority that says how long it stays when room is short."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tasks_app.agents.tools import Tool, Tools, named
from tasks_app.errors import ValueRefused
from tasks_app.rules import given
from tasks_app.rules.given import shown

__all__ = ["Context", "Text", "context", "give", "several_contexts", "takes_input", "text_or_function"]

Text = str | Callable[..., str | Awaitable[str]]
"""A text, or a function, sync or async, of the input or of nothing that makes one."""


@dataclass(frozen=True, slots=True)
class Context:
    """A piece of a system text, and tools that go with it. Dropped from the text, it still leaves its tools."""

    id: str
    text: Text
    priority: int
    tools: dict[str, Tool]

    async def render(self, input: Any = None) -> str:
        """Its text for this input; empty, it is left out."""
        return str(await give(self.text, input) or "").strip()


def context(text_or_callable: Text, id: str | None = None, priority: int = 50, tools: Tools | None = None) -> Context:
    """A context of a text, or of a function that makes one from the input.

    Plans stand at 80, a worker's assignment at 95. Without an `id` a function gives its name.
    """
    known_as = id if id is not None else getattr(text_or_callable, "__name__", "context")
    what = f"context {shown(known_as)}"
    text_or_function(text_or_callable, f"The text of {what}")
    given.whole(priority, f"The priority of {what}")
    return Context(given.text(known_as, "The id of a context"), text_or_callable, priority, named(tools))


def text_or_function(value: Any, what: str) -> None:
    """Pass if it is a text, or a function that makes one.

    Raises:
        ValueRefused.
    """
    if not isinstance(value, str) and not callable(value):
        raise ValueRefused(f"{what} is a text, or a function that makes one, not {shown(value)}.")


def several_contexts(use: Any) -> tuple[Context, ...]:
    """What is given to `use`, a list of contexts.

    Raises:
        ValueRefused: it is none; the message says how to make them.
    """
    for each in (made := given.several(use, "What an agent is to `use`")):
        if not isinstance(each, Context):
            way = "put .as_context() after it" if hasattr(each, "as_context") else "make one with context(…)"
            raise ValueRefused(f"What an agent is to `use` are contexts, not {shown(each)}; {way}.")
    return tuple(made)


async def give(maker: Any, input: Any) -> Any:
    """A value as it is; of a function, sync or async, what it makes from the input, or from nothing."""
    if not callable(maker):
        return maker
    made = maker(input) if takes_input(maker) else maker()
    return await made if inspect.isawaitable(made) else made


def takes_input(maker: Any) -> bool:
    """Whether it is a function that wants the input: one that can be called with it."""
    if not callable(maker):
        return False
    named_alone = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    return any(each.kind not in named_alone for each in inspect.signature(maker).parameters.values())
