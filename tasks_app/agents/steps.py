"""Steps of a conversation, and when it has had enough of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tasks_app.agents.calls import text_of
from tasks_app.agents.tools import Answer
from tasks_app.llm.model import Reply
from tasks_app.rules import given

__all__ = ["Step", "StopWhen", "has_tool_call", "step_count_is"]


@dataclass(frozen=True, slots=True)
class Step:
    """One call of the model and the tool calls it asked for."""

    number: int
    reply: Reply
    answers: tuple[Answer, ...]

    @property
    def text(self) -> str:
        """The words the model said beside its calls."""
        return text_of(self.reply.message)


StopWhen = Callable[[Sequence[Step]], bool]
"""Asked after each step, with all steps so far, whether the agent is to stop. Its `__name__` says why."""


def step_count_is(n: int) -> StopWhen:
    """Stop after `n` model calls, at least one."""
    given.whole(n, "The n of step_count_is", least=1)

    def met(steps: Sequence[Step]) -> bool:
        return len(steps) >= n

    met.__name__ = f"step_count_is({n})"
    return met


def has_tool_call(name: str) -> StopWhen:
    """Stop once the last step called this tool and was not refused.

    `has_tool_call("complete_task")` saves an agent of the pool the model call after its result.
    """

    given.text(name, "The name of has_tool_call")

    def met(steps: Sequence[Step]) -> bool:
        return bool(steps) and any(answer.call.name == name and answer.ok for answer in steps[-1].answers)

    met.__name__ = f"has_tool_call({name!r})"
    return met
