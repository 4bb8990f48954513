"""Who can work: agents and function workers by name, and the one way a claimed attempt gets to its own."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar, overload

from django.utils.module_loading import autodiscover_modules
from typing_extensions import TypeForm

from tasks_app.agents.agent import Agent
from tasks_app.agents.functions import FunctionWorker
from tasks_app.agents.prompt import Prompt
from tasks_app.agents.prompt import prompt as make_prompt
from tasks_app.agents.schemas import NO_OUTPUT, Wanted, output_of
from tasks_app.agents.scope import Models, Scope, entered
from tasks_app.agents.steps import StopWhen
from tasks_app.agents.task_worker import LIFECYCLE_TOOLS
from tasks_app.agents.tools import Tools, named
from tasks_app.errors import UnknownAgent, ValueRefused
from tasks_app.llm.model import Model, check_model
from tasks_app.rules import given
from tasks_app.rules.given import shown
from tasks_app.rules.values import is_id
from tasks_app.services.claims import Claim

__all__ = ["Runner", "about", "agent", "autodiscover", "find", "names", "run_attempt", "worker"]

MAX_NAME_CHARS = 100  # the column's

F = TypeVar("F", bound=Callable[..., Any])


class Runner(Protocol):
    """Whoever can work on a claimed task."""

    @property
    def id(self) -> str:
        """The name tasks are routed by."""
        ...

    @property
    def about(self) -> str:
        """What it does, in a line for people; may be empty."""
        ...

    @property
    def place(self) -> str:
        """File and line where it was made."""
        ...

    async def work(self, claim: Claim, scope: Scope) -> None:
        """Work on one claimed task and end its attempt."""
        ...


_runners: dict[str, Runner] = {}


def worker(name: str, *, output: TypeForm[Any] = NO_OUTPUT) -> Callable[[F], F]:
    """Register a function as the worker of this name: `fn(input)` or `fn(input, task)`, async or plain.

    It returns the result (JSON, or pydantic values; checked against `output` if given) or raises, which fails the
    attempt. A plain function runs in a thread, which nobody can stop: let it ask `stop_requested()`.
    """

    _check_name(name)

    def register(fn: F) -> F:
        _register(FunctionWorker(name, fn, output_of(output), _place_of(fn)))
        return fn

    return register


@overload
def agent(
    *,
    id: str,
    prompt: Prompt[Wanted] | str,
    model: str | Model | None = None,
    tools: Tools | None = None,
    output: None = None,
    stop_when: StopWhen | None = None,
    about: str = "",
) -> Agent[Wanted]: ...
@overload
def agent(
    *,
    id: str,
    prompt: Prompt | str,
    model: str | Model | None = None,
    tools: Tools | None = None,
    output: TypeForm[Wanted],
    stop_when: StopWhen | None = None,
    about: str = "",
) -> Agent[Wanted]: ...
def agent(
    *,
    id: str,
    prompt: Prompt | str,
    model: str | Model | None = None,
    tools: Tools | None = None,
    output: Any = None,
    stop_when: StopWhen | None = None,
    about: str = "",
) -> Agent:
    """Make a scoped agent and register it: on each of its tasks it has the four tools of a worker beside its own.

    Args:
        prompt: a prompt, or just its system text.
        model: a name at the endpoint or a Model; a task's own comes before it, `CRUX_MODEL` after.
        output: what the result must be, any type pydantic knows; a wrong one goes back to the model. Without one the
            prompt's counts.
        stop_when: asked after each step; by default an agent goes on until it has ended its task and said so.
        about: what it does, in a line for people who choose one.
    """
    _check_name(id)
    offered = named(tools)
    taken = [name for name in offered if name in LIFECYCLE_TOOLS]
    if taken:
        raise ValueRefused(f"Agent {id!r} has a tool named {taken[0]!r}; that name is the worker's own.")
    if not isinstance(prompt, str | Prompt):
        raise ValueRefused(f"The prompt of agent {shown(id)} is a text, or what prompt(…) makes, not {shown(prompt)}.")
    check_model(model)
    if stop_when is not None:
        given.function(stop_when, f"The stop_when of agent {shown(id)}")
    given.text(about, f"The about of agent {shown(id)}")
    caller = sys._getframe(1)
    told = make_prompt(id=id, system=prompt) if isinstance(prompt, str) else prompt
    made = Agent(
        id=id,
        prompt=told,
        model=model,
        tools=offered,
        output=output if output is not None else told.output,
        stop_when=stop_when,
        about=about,
        place=f"{caller.f_code.co_filename}:{caller.f_lineno}",
    )
    _register(made)
    return made


def find(name: str) -> Runner:
    """The agent or worker of this name.

    Raises:
        UnknownAgent: there is none; the message names those there are.
    """
    known = _runners.get(name)
    if known is None:
        raise UnknownAgent(f"There is no agent {name!r}. Known are: {', '.join(names()) or 'none'}.")
    return known


def names() -> list[str]:
    """The names of all agents and workers, sorted."""
    return sorted(_runners)


def about(name: str) -> str:
    """What the agent or worker of this name does, in a line for people; empty if nobody said."""
    known = _runners.get(name)
    return known.about if known else ""


def autodiscover() -> None:
    """Import the `crux_agents` module of every installed app, so that what they register is known. Twice is once."""
    autodiscover_modules("crux_agents")


async def run_attempt(claim: Claim, models: Models) -> Literal[True]:
    """Let the agent of a claimed task work on it until it has ended its attempt, which it then has.

    Left by an exception, a cancellation among them, what still runs in a thread finds `stop_requested()` true.

    Raises:
        UnknownAgent: nobody has the name.
        AttemptLost: another has ended the attempt.
        Exception: why the attempt failed; recording it is the pool's.
    """
    runner = find(claim.task.agent)
    with entered(claim, models) as scope:
        await runner.work(claim, scope)
    return True


def _place_of(fn: Callable[..., Any]) -> str:
    code = getattr(inspect.unwrap(fn), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(fn)  # a class, a builtin


def _check_name(name: object) -> None:
    if not is_id(name) or len(str(name)) > MAX_NAME_CHARS:
        rule = f"1 to {MAX_NAME_CHARS} characters of text without blanks around"
        raise ValueRefused(f"An agent's name is {rule}, not {shown(name)}.")


def _register(runner: Runner) -> None:
    name = runner.id
    known = _runners.get(name)
    if known is not None and known.place != runner.place:  # the same place again is its module, loaded anew
        raise ValueRefused(f"Agent {name!r} is made at {known.place} and again at {runner.place}; rename one.")
    _runners[name] = runner
