"""The agent loop's one turn: ask the model, do what it asks for, remember both."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from tasks_app.agents.calls import ToolCall, read_message, text_of
from tasks_app.agents.limits import Watch
from tasks_app.agents.steps import Step
from tasks_app.agents.tools import Answer, Tool, answer, declined
from tasks_app.agents.transcript import Transcript
from tasks_app.errors import ModelError
from tasks_app.llm.model import Message, Model, Reply, Usage

__all__ = ["Conversation"]


class Conversation:
    """A conversation with one model: what was said, what was done, what it has used.

    Args:
        messages: what the model is told at first.
        tools: what it may call, by name.
        deadline: `time.monotonic()` value until which a call may be tried.
        watch: whoever ends it when it has used too much or goes in circles.
        transcript: where it is recorded.
        over: asked before each tool call; once true, no tool is called any more.
    """

    def __init__(
        self,
        model: Model,
        messages: Sequence[Message],
        tools: Mapping[str, Tool],
        *,
        deadline: float | None = None,
        watch: Watch | None = None,
        transcript: Transcript | None = None,
        over: Callable[[], bool] = lambda: False,
    ) -> None:
        self.messages = list(messages)
        self.steps: list[Step] = []
        self.usage = Usage()
        self._model = model
        self._tools = tools
        self._specs = [tool.spec() for tool in tools.values()]
        self._deadline = deadline
        self._watch = watch
        self._transcript = transcript
        self._over = over
        self._recorded = 0

    async def step(self) -> Step:
        """Ask the model and call the tools it asks for, in order.

        Raises:
            ModelError: no answer came.
            LimitReached: the watch has seen enough.
        """
        if self._watch:
            self._watch.before_step()
        reply, calls = await self._ask(self._deadline)
        answers: list[Answer] = []
        for call in calls:
            answered = await self._call(call)
            answers.append(answered)
            self.messages.append(answered.message)
        step = Step(len(self.steps) + 1, reply, tuple(answers))
        self.steps.append(step)
        if self._watch and not self._over():
            self._watch.after_step(step)
        return step

    async def last_words(self, deadline: float) -> str:
        """Ask once more, for words alone; calls in the answer are not done.

        Raises:
            ModelError: no answer came.
        """
        reply, _ = await self._ask(deadline if self._deadline is None else min(deadline, self._deadline))
        return text_of(reply.message)

    def say(self, words: str) -> None:
        """Say something to the model before its next step."""
        self.messages.append({"role": "user", "content": words})

    async def close(self) -> None:
        """Record what was said since the last call."""
        if self._transcript:
            await self._transcript.rest(self._unrecorded())

    async def _ask(self, deadline: float | None) -> tuple[Reply, list[ToolCall]]:
        began = time.monotonic()
        try:
            reply = await self._model.complete(self.messages, self._specs, deadline=deadline)
        except ModelError as error:
            if self._transcript:
                seconds = time.monotonic() - began
                await self._transcript.unanswered(self._model.name, str(error), seconds, self._unrecorded())
            raise
        message, calls = read_message(reply.message, turn=len(self.steps) + 1)
        self.messages.append(message)
        used = reply.usage
        if self._watch:
            self._watch.after_reply(used)
        self.usage = Usage(self.usage.input_tokens + used.input_tokens, self.usage.output_tokens + used.output_tokens)
        if self._transcript:
            await self._transcript.answered(reply, self._unrecorded())
        return reply, calls

    async def _call(self, call: ToolCall) -> Answer:
        if self._over():
            return declined(call, "The task has ended; nothing was done.")
        tool = self._tools.get(call.name)
        if self._watch:
            self._watch.before_call(call, repeatable=tool is not None and tool.repeatable)
        return await answer(call, self._tools)

    def _unrecorded(self) -> list[Message]:
        new = self.messages[self._recorded :]
        self._recorded = len(self.messages)
        return new
