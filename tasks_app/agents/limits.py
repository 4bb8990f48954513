"""The watch over an attempt: how much it may use in all, and how to tell that a conversation goes in circles."""

from __future__ import annotations

from collections import Counter

from tasks_app.agents.calls import ToolCall
from tasks_app.agents.steps import Step
from tasks_app.conf import conf
from tasks_app.errors import CruxError
from tasks_app.llm.model import Usage

__all__ = ["LimitReached", "Use", "Watch"]

REPEATS = 3  # the same call as often has learnt nothing from its answers
IDLE_TURNS = 5  # turns in which nothing was done; a model that will mend its calls has done so by then


class LimitReached(CruxError):
    """The attempt is to end; the message is the diagnosis."""


class Use:
    """What an attempt has used, in all its conversations. Each verb raises LimitReached when there is no more."""

    def __init__(self) -> None:
        self._steps = self._tool_calls = self._tokens = 0

    def step(self) -> None:
        """A model call is about to be made."""
        if self._steps >= conf.max_steps:
            raise LimitReached(f"The attempt made {self._steps} model calls without ending its task (CRUX_MAX_STEPS).")
        if self._tokens >= conf.max_tokens:
            limit = f"the limit is {conf.max_tokens:,} (CRUX_MAX_TOKENS)"
            raise LimitReached(f"The attempt used {self._tokens:,} tokens without ending its task; {limit}.")
        self._steps += 1

    def tool_call(self) -> None:
        """A tool is about to be called."""
        if self._tool_calls >= conf.max_tool_calls:
            raise LimitReached(
                f"The attempt made {self._tool_calls} tool calls without ending its task (CRUX_MAX_TOOL_CALLS)."
            )
        self._tool_calls += 1

    def tokens(self, tokens: int) -> None:
        """So many were used."""
        self._tokens += tokens


class Watch:
    """Counts what one conversation does to its attempt's use. Each verb raises LimitReached when it has been enough."""

    def __init__(self, use: Use) -> None:
        self._use = use
        self._idle_turns = 0
        self._seen: Counter[tuple[str, str]] = Counter()
        self._answered: dict[tuple[str, str], str] = {}

    def before_step(self) -> None:
        """A model call is about to be made."""
        self._use.step()

    def before_call(self, call: ToolCall, *, repeatable: bool) -> None:
        """A tool is about to be called."""
        self._use.tool_call()
        self._seen[call.signature] += 1
        if self._seen[call.signature] >= REPEATS and not repeatable:
            answered = _short(self._answered.get(call.signature, "nothing yet"))
            raise LimitReached(
                f"The agent goes in circles: it called {call.name!r} {REPEATS} times with the same arguments, "
                f"{_short(call.written)}. The last answer was: {answered}"
            )

    def after_reply(self, usage: Usage) -> None:
        """The model has answered; its calls are still to be done, and may begin conversations of their own."""
        self._use.tokens(usage.total)

    def after_step(self, step: Step) -> None:
        """The model has answered and its calls are done."""
        self._answered |= {answer.call.signature: answer.text for answer in step.answers}
        self._idle_turns = 0 if any(answer.ok for answer in step.answers) else self._idle_turns + 1
        if self._idle_turns >= IDLE_TURNS:
            last = f" Its last call was answered: {_short(step.answers[-1].text)}" if step.answers else ""
            raise LimitReached(f"The agent did nothing in {IDLE_TURNS} turns: no call of a tool succeeded.{last}")


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"
