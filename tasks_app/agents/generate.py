"""Generate: one conversation with a model outside the pool, or inside a worker function, to its final text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic

from pydantic import BaseModel, ValidationError

from tasks_app.agents.agent import Agent
from tasks_app.agents.contexts import Context
from tasks_app.agents.loop import Conversation
from tasks_app.agents.prompt import Prompt
from tasks_app.agents.schemas import Out_co, Output, explain, output_of
from tasks_app.agents.scope import conversing, scope
from tasks_app.agents.steps import Step, StopWhen, step_count_is
from tasks_app.agents.tools import Tools, named
from tasks_app.errors import ModelError, ValueRefused
from tasks_app.llm.model import JSON_ASKED_AGAIN, Model, check_model
from tasks_app.rules import given
from tasks_app.rules.given import shown

__all__ = ["Generation", "TokenUsage", "generate"]

NO_TOOL_CALLS = "no_tool_calls"
MAX_STEPS = 10  # outside the pool, where nobody said when to stop


class TokenUsage(BaseModel):
    """Tokens of a whole conversation."""

    input_tokens: int = 0
    output_tokens: int = 0


class Generation(BaseModel, Generic[Out_co]):
    """What came of a conversation. `stopped_by` is `no_tool_calls` or the name of the condition that was met.

    Read back from JSON, `Generation[Invoice]` has its output as that type again, a bare `Generation` as JSON.
    """

    text: str
    output: Out_co
    steps: int
    usage: TokenUsage
    stopped_by: str


async def generate(
    prompt_or_agent: Prompt[Out_co] | Agent[Out_co],
    *,
    model: str | Model | None = None,
    input: Any = None,
    use: Iterable[Context] = (),
    tools: Tools | None = None,
    stop_when: StopWhen | None = None,
    token_budget: int | None = None,
) -> Generation[Out_co]:
    """Ask a model, call the tools it asks for, and go on until it calls none or `stop_when` (10 steps) is met.

    With an output (the agent's or the prompt's) the final text is read as JSON into it; a wrong one goes back to the
    model once, with the errors, also when `stop_when` ended the conversation. The model is the attempt's task's, else
    the agent's, else `model`, else `CRUX_MODEL`.

    Within an attempt the calls are recorded in its transcript, and its limits and its deadline hold for all of them. A
    conversation that opens an attempt by hand is recorded in that one's, from its start.

    Raises:
        ModelError: no answer came, or twice one that is no such output.
        LimitReached: the attempt has used what it may, or the conversation goes in circles.
    """
    if not isinstance(prompt_or_agent, Prompt | Agent):
        raise ValueRefused(f"generate takes what prompt(…) or agent(…) makes, not {shown(prompt_or_agent)}.")
    check_model(model)
    if stop_when is not None:
        given.function(stop_when, "The stop_when of generate")
    known = prompt_or_agent if isinstance(prompt_or_agent, Agent) else None
    prompt = prompt_or_agent.prompt if isinstance(prompt_or_agent, Agent) else prompt_or_agent
    output = output_of(prompt_or_agent.output)
    offered = (known.tools if known else {}) | named(tools)
    rendered = await prompt.render(input, use=use, tools=offered, token_budget=token_budget, output=output)
    here = scope()
    task = here.attempt.task if here else None
    wanted = (task and task.model) or (known and known.model) or model
    async with _opened(wanted) as asked, conversing() as transcript:
        talk = Conversation(
            asked,
            rendered.conversation(),
            rendered.tools,
            deadline=here.deadline if here else None,
            watch=here.watch() if here else None,
            transcript=transcript,
        )
        try:
            return await _converse(talk, stop_when or (known.stop_when if known else None), output)
        finally:
            await talk.close()


async def _converse(talk: Conversation, stop_when: StopWhen | None, output: Output | None) -> Generation:
    stop_when = stop_when or step_count_is(MAX_STEPS)
    sent_back = False
    while True:
        step = await talk.step()
        if step.answers and not stop_when(talk.steps):
            continue
        stopped_by = getattr(stop_when, "__name__", "stop_when") if step.answers else NO_TOOL_CALLS
        if output is None:
            return _generation(talk, stopped_by)
        try:
            return _generation(talk, stopped_by, output.read_text(step.text))
        except ValidationError as error:
            if sent_back:
                raise ModelError(f"The model's answer is not what was asked for: {explain(error)}.") from error
            sent_back = True
            talk.say(f"That is not what was asked for: {explain(error)}. {JSON_ASKED_AGAIN}")


def _generation(talk: Conversation, stopped_by: str, output: Any = None) -> Generation:
    steps: Sequence[Step] = talk.steps
    used = TokenUsage(input_tokens=talk.usage.input_tokens, output_tokens=talk.usage.output_tokens)
    return Generation(text=steps[-1].text, output=output, steps=len(steps), usage=used, stopped_by=stopped_by)


@asynccontextmanager
async def _opened(model: str | Model | None) -> AsyncIterator[Model]:
    """The model asked for: itself, by name from the attempt's models, or from a connection of its own."""
    if model is not None and not isinstance(model, str):
        yield model
    elif (here := scope()) and here.models:
        yield here.models.get(model)
    else:
        from tasks_app.llm.client import open_models  # half a second, which no page and no command should wait for

        async with open_models() as models:
            yield models.get(model)
