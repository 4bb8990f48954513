"""Function workers: a plain function does the task; what it returns is the result, what it raises the failure."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tasks_app.agents.schemas import Output, explain
from tasks_app.agents.scope import Scope
from tasks_app.agents.threads import call
from tasks_app.crossing import in_turn
from tasks_app.errors import ValueRefused
from tasks_app.rules.given import shown
from tasks_app.services import claims
from tasks_app.services.claims import Claim

__all__ = ["FunctionWorker"]


@dataclass(frozen=True, slots=True)
class FunctionWorker:
    """A function as a worker; see `worker`."""

    id: str
    fn: Callable[..., Any]
    output: Output | None
    place: str
    """File and line where it was made."""

    def __post_init__(self) -> None:
        _wants_task(self.fn)

    @property
    def about(self) -> str:
        """The first line of the function's docstring; may be empty."""
        return (inspect.getdoc(self.fn) or "").partition("\n")[0]

    async def work(self, claim: Claim, scope: Scope) -> None:
        """Call the function with the task's input and end the attempt with what it returns."""
        arguments = (claim.task.input, claim.task) if _wants_task(self.fn) else (claim.task.input,)
        result = await call(self.fn, *arguments)
        if self.output is not None:
            try:
                result = self.output.check(result)
            except ValidationError as error:
                raise ValueRefused(f"{self.id!r} returned what is no such output: {explain(error)}.") from error
        await in_turn(claim.list_id, claims.complete, claim, result)


def _wants_task(fn: Callable[..., Any]) -> bool:
    """Whether the function takes the task after the input.

    Raises:
        TypeError: it takes neither the input alone nor input and task.
    """
    if not callable(fn):
        raise TypeError(f"A worker is a function, not {shown(fn)}.")
    parameters = inspect.signature(fn).parameters.values()
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    required = [each for each in positional if each.default is each.empty]
    open_ended = any(each.kind is each.KEYWORD_ONLY and each.default is each.empty for each in parameters)
    if not positional or len(required) > 2 or open_ended:
        raise TypeError(f"A worker is called as fn(input) or fn(input, task); {fn.__qualname__}() takes neither.")
    return len(required) == 2 or (len(positional) > 1 and positional[1].name == "task")
