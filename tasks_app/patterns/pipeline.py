"""Pipelines: agents and functions one after the other, each with all that those before it have made."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel

from tasks_app.agents.agent import Agent
from tasks_app.agents.creation_tools import CreationTool, created_apart
from tasks_app.errors import AttemptLost, PipelineStepFailed, ValueRefused
from tasks_app.llm.model import Model
from tasks_app.patterns.members import Member, Outcome, ask, check, perform
from tasks_app.patterns.results import Results
from tasks_app.rules.retry import is_retryable

__all__ = ["PipelineResult", "Step", "pipeline"]


class _Given(Enum):
    CONTEXT = "the context"

    def __repr__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a name, and the agent or function that takes it.

    Args:
        name: what its output is called in the context.
        member: an agent, or a function of its input or of nothing, sync (in a thread) or async.
        input: a value, or a function of the context or of nothing that makes one, sync or async; by default the
            whole context.

    Raises:
        TypeError: the member or the input cannot be called so.
    """

    name: str
    member: Member
    input: Any = _Given.CONTEXT

    def __post_init__(self) -> None:
        check(self.member, what=f"Step {self.name!r}")
        if callable(self.input):
            check(self.input, what=f"The input of step {self.name!r}")


class PipelineResult(BaseModel):
    """What came of a pipeline."""

    status: Literal["completed"]
    context: dict[str, Any]
    """What it began with, and each output under its step's name."""
    final_output: Any
    """The last step's output; None without steps."""
    results: Results
    """What came of each step: `results.plan.usage`, or typed `results.of(planner).output`."""
    duration: float
    """Seconds."""


async def pipeline(
    *, steps: Iterable[Step], context: Mapping[str, Any] | None = None, model: str | Model | None = None
) -> PipelineResult:
    """Take the steps in order; the context grows by each output, under its step's name.

    An output of an agent with creation tools has what these created in this step beside it, `_created`, by the tool's
    name (None where nothing was): an object as one more field, anything else as `{_value, _created}`. While a pipeline
    runs, `.created` of a tool is what was created in it, also where others run with the same tool.

    Args:
        context: to begin with; it is copied, and never changed.
        model: of agents that name none; without it `CRUX_MODEL`.

    Raises:
        ValueRefused: two steps have the same name; nothing has run.
        PipelineStepFailed: a step failed; those after it have not run. Its cause is the error.
    """
    steps = list(steps)
    _check_names(steps)
    grown = dict(context or {})
    outcomes: dict[str, Outcome[Any]] = {}
    began = time.monotonic()
    with created_apart():
        for step in steps:
            try:
                with created_apart() as created:
                    outcomes[step.name] = await perform(step.member, await _input(step, grown), model)
            except AttemptLost:
                raise
            except Exception as error:
                words = f"Step {step.name!r} failed: {str(error).strip() or type(error).__name__}"
                raise PipelineStepFailed(words, step=step.name, retryable=is_retryable(error)) from error
            made = {name: created.get(tool) for name, tool in _creation_tools(step.member).items()}
            output = outcomes[step.name].output
            grown[step.name] = _with_created(output, made) if made else output
    last = outcomes[steps[-1].name].output if steps else None
    return PipelineResult(
        status="completed",
        context=grown,
        final_output=last,
        results=Results(outcomes),
        duration=time.monotonic() - began,
    )


def _check_names(steps: list[Step]) -> None:
    names = [step.name for step in steps]
    for name in names:
        if names.count(name) > 1:
            raise ValueRefused(f"Two steps of a pipeline are named {name!r}; their outputs would be mistaken.")


async def _input(step: Step, context: dict[str, Any]) -> Any:
    if step.input is _Given.CONTEXT:
        return dict(context)
    return await ask(step.input, dict(context)) if callable(step.input) else step.input


def _creation_tools(member: Member) -> dict[str, CreationTool[Any]]:
    """Those that its model sees, by the name it sees."""
    if not isinstance(member, Agent):
        return {}
    offered = {name: tool for each in member.prompt.use for name, tool in each.tools.items()}
    offered |= member.prompt.tools | member.tools
    return {name: tool for name, tool in offered.items() if isinstance(tool, CreationTool)}


def _with_created(output: Any, created: dict[str, Any]) -> dict[str, Any]:
    if isinstance(output, Mapping | BaseModel):
        return {**dict(output), "_created": created}
    return {"_value": output, "_created": created}
