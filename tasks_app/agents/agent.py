"""Agents: a prompt, a model, tools, and what becomes of one claimed task in their hands."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Generic

from typing_extensions import TypeForm

from tasks_app.agents.binding import Binding
from tasks_app.agents.loop import Conversation
from tasks_app.agents.prompt import Prompt
from tasks_app.agents.schemas import Out_co
from tasks_app.agents.scope import Scope
from tasks_app.agents.steps import Step, StopWhen
from tasks_app.agents.task_worker import TaskWorker
from tasks_app.agents.tools import Tool
from tasks_app.errors import CruxError, ModelError
from tasks_app.llm.model import Model
from tasks_app.services.claims import Claim

__all__ = ["Agent", "Unfinished"]

logger = logging.getLogger(__name__)

LAST_WORDS_SECONDS = 30.0  # the result stands: whoever waits longer for words only holds a slot

BEGIN = "Begin your task."
FINISH = (
    "You stopped, but your task has not ended. If it is done, call `complete_task` with the result; "
    "if it cannot be done, call `fail_task` and say why."
)


class Unfinished(CruxError):
    """The agent stopped and its task had not ended; the message is the diagnosis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent(Generic[Out_co]):
    """An agent as a value, of the type of its output; see `agent`."""

    id: str
    prompt: Prompt
    model: str | Model | None
    tools: dict[str, Tool]
    output: TypeForm[Out_co] | None
    stop_when: StopWhen | None
    about: str
    """What it does, in a line for people; may be empty."""
    place: str
    """File and line where it was made."""

    async def work(self, claim: Claim, scope: Scope) -> None:
        """Work on one claimed task until the model has ended it with one of the worker's tools.

        Raises:
            AttemptLost: another has ended the attempt.
            ModelError, LimitReached, Unfinished: why it failed.
        """
        worker = TaskWorker(Binding.of(claim), output=self.output, tell_input=not self.prompt.tells_the_input)
        rendered = await self.prompt.render(claim.task.input, use=[worker.as_context()], tools=self.tools)
        messages = rendered.conversation()
        if not rendered.messages:
            messages.append({"role": "user", "content": BEGIN})
        talk = Conversation(
            self._model(claim, scope),
            messages,
            rendered.tools | worker.as_tools(),
            deadline=scope.deadline,
            watch=scope.watch(),
            transcript=scope.transcript,
            over=lambda: worker.ended or worker.lost is not None,
        )
        try:
            await self._converse(talk, worker)
        finally:
            await talk.close()

    async def _converse(self, talk: Conversation, worker: TaskWorker) -> None:
        asked_to_finish = False
        while True:
            step = await talk.step()
            enough = self.stop_when is not None and self.stop_when(talk.steps)
            if worker.lost:
                raise worker.lost
            if worker.ended:
                if step.answers and not enough:
                    await self._last_words(talk)
                return
            if enough:
                reason = getattr(self.stop_when, "__name__", "its stop condition")
                raise Unfinished(f"The agent was stopped by {reason} before it ended its task.")
            if not step.answers:
                if asked_to_finish:
                    raise Unfinished(_stopped_early(talk.steps))
                asked_to_finish = True
                talk.say(FINISH)

    async def _last_words(self, talk: Conversation) -> None:
        """Let the model answer to the end of its task, for the record; the result stands, come what may."""
        try:
            await talk.last_words(time.monotonic() + LAST_WORDS_SECONDS)
        except ModelError as error:
            logger.info("no last words: %s", error, extra={"action": "agent.no_last_words"})

    def _model(self, claim: Claim, scope: Scope) -> Model:
        assert scope.models is not None  # the pool gives some to every attempt it claims
        if claim.task.model:
            return scope.models.get(claim.task.model)
        if self.model is None or isinstance(self.model, str):
            return scope.models.get(self.model)
        return self.model


def _stopped_early(steps: list[Step]) -> str:
    words = " ".join(steps[-1].text.split())
    said = f" Its last words: {words[:500]}" if words else " It said nothing."
    refused = [answer.text for step in steps for answer in step.answers if not answer.ok]
    last = f" Its last refused call was answered: {refused[-1][:500]}" if refused else ""
    return f"The model stopped without ending its task, though it was asked to.{said}{last}"
