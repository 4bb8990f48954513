"""Members of a pattern: an agent or a function, what it is asked, and what came of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Generic, TypeAlias

from tasks_app.agents.agent import Agent
from tasks_app.agents.generate import Generation, TokenUsage, generate
from tasks_app.agents.schemas import Out_co
from tasks_app.agents.threads import call
from tasks_app.llm.model import Model

__all__ = ["Member", "Outcome", "ask", "check", "perform"]

Member: TypeAlias = "Agent | Callable[..., Any]"
"""An agent, or a function of the context or of nothing; a plain one runs in a thread."""

RETURNED = "returned"


class Outcome(Generation[Out_co], Generic[Out_co]):
    """What came of a member: a Generation whose `output` is never empty for want of a type.

    Of an agent without an output it is the text; of a function what it returned, with no text, steps or usage.
    """

    agent: str = ""
    """The agent's id; empty of a function."""


def check(member: Any, *, what: str) -> None:
    """That it can be a member; `what` names it.

    Raises:
        TypeError: it is neither an agent nor a function of the context or of nothing.
    """
    if isinstance(member, Agent):
        return
    if not callable(member):
        raise TypeError(f"{what} is neither an agent nor a function: {member!r}.")
    _takes_context(member, what=what)


async def perform(member: Member, given: Any, model: str | Model | None) -> Outcome[Any]:
    """Let it work on what it is given; an agent that names no model asks this one."""
    if not isinstance(member, Agent):
        output = await ask(member, given)
        return Outcome(text="", output=output, steps=0, usage=TokenUsage(), stopped_by=RETURNED)
    made = await generate(member, model=model, input=given)
    return Outcome(**dict(made) | {"agent": member.id, "output": made.text if member.output is None else made.output})


async def ask(fn: Callable[..., Any], context: Any) -> Any:
    """What a function of the context or of nothing returns."""
    return await (call(fn, context) if _takes_context(fn) else call(fn))


def _takes_context(fn: Callable[..., Any], *, what: str = "It") -> bool:
    """Whether it cannot be called without. A parameter with a default is the function's own: `lambda task=task: …`."""
    required = [
        each
        for each in inspect.signature(fn).parameters.values()
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if len(required) > 1 or any(each.kind is each.KEYWORD_ONLY for each in required):
        raise TypeError(f"{what} is called as fn(context) or fn(); {fn!r} cannot be.")
    return bool(required)
