"""Parallel: agents and functions at once, each with the same context, and what came of each by its key."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, PlainSerializer, PlainValidator

from tasks_app.errors import AttemptLost, CruxError, ValueRefused
from tasks_app.llm.model import Model
from tasks_app.patterns.members import Member, Outcome, check, perform
from tasks_app.patterns.results import Results

__all__ = ["OnError", "ParallelResult", "Settled", "parallel"]

OnError = Literal["fail_fast", "continue"]


def _read_error(value: Any) -> BaseException:
    return value if isinstance(value, BaseException) else CruxError(str(value))


class Settled(BaseModel):
    """How one ended. As JSON an error is its words, and comes back from there as a CruxError."""

    status: Literal["success", "error"]
    output: Any = None
    error: (
        Annotated[
            BaseException,
            PlainValidator(_read_error, json_schema_input_type=str),
            PlainSerializer(lambda error: str(error).strip() or type(error).__name__, return_type=str),
        ]
        | None
    ) = None


class ParallelResult(BaseModel):
    """What came of all, in the order in which they were given."""

    results: Results
    """Of those that succeeded: `results.research.output`, or typed `results.of(researcher).output`."""
    settled: dict[str, Settled]
    """Of all."""


async def parallel(
    *,
    agents: Mapping[str, Member],
    context: Mapping[str, Any] | None = None,
    model: str | Model | None = None,
    on_error: OnError = "fail_fast",
    max_concurrency: int | None = None,
) -> ParallelResult:
    """Let agents and functions work at once, each on the context.

    Args:
        agents: agents, and functions of the context or of nothing, sync (in a thread) or async, by key.
        context: each gets a copy.
        model: of agents that name none; without it `CRUX_MODEL`.
        on_error: `fail_fast` cancels the others at the first error, waits until they have ended and raises it;
            `continue` lets them go on. A thread cannot be stopped, and is not waited for.
        max_concurrency: at once, in the order given; None is all.

    Raises:
        TypeError, ValueRefused: what was given cannot be run so; nothing has.
    """
    for key, member in agents.items():
        check(member, what=f"{key!r}")
    if on_error not in get_args(OnError):
        raise ValueRefused(f"on_error is {' or '.join(map(repr, get_args(OnError)))}, not {on_error!r}.")
    if max_concurrency is not None and max_concurrency < 1:
        raise ValueRefused(f"max_concurrency is at least 1, not {max_concurrency}; None sets no limit.")
    run = _Run(model, fail_fast=on_error == "fail_fast", max_concurrency=max_concurrency)
    ended = await run.all({key: (member, dict(context or {})) for key, member in agents.items()})
    settled = {key: _settled(ended[key]) for key in agents}
    successes = {key: outcome for key in agents if isinstance(outcome := ended[key], Outcome)}
    return ParallelResult(results=Results(successes), settled=settled)


class _Stop(Exception):
    """Ends a task group; what went wrong is kept elsewhere, as a group would wrap it."""


class _Run:
    def __init__(self, model: str | Model | None, *, fail_fast: bool, max_concurrency: int | None) -> None:
        self._model = model
        self._fail_fast = fail_fast
        self._slots = asyncio.Semaphore(max_concurrency) if max_concurrency else nullcontext()
        self._ended: dict[str, Outcome[Any] | BaseException] = {}
        self._fatal: BaseException | None = None

    async def all(self, work: Mapping[str, tuple[Member, Any]]) -> dict[str, Outcome[Any] | BaseException]:
        try:
            async with asyncio.TaskGroup() as group:
                for key, (member, context) in work.items():
                    group.create_task(self._one(key, member, context), name=f"parallel {key}")
        except* _Stop:
            pass
        if self._fatal is not None:
            raise self._fatal
        return self._ended

    async def _one(self, key: str, member: Member, context: Any) -> None:
        try:
            async with self._slots:
                if self._fatal is not None:
                    return  # who failed has freed the slot, and the group has yet to hear of it
                self._ended[key] = await perform(member, context, self._model)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._ended[key] = error
            if _is_cancelled():
                return  # whoever cancelled it knows why; what it raised on its way out would only hide that
            if self._fail_fast or not _may_settle(error):
                self._fatal = self._fatal or error
                raise _Stop from None


def _is_cancelled() -> bool:
    """Whether this task is, and not only something that it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _may_settle(error: BaseException) -> bool:
    return isinstance(error, Exception | asyncio.CancelledError) and not isinstance(error, AttemptLost)


def _settled(ended: Outcome[Any] | BaseException) -> Settled:
    if isinstance(ended, Outcome):
        return Settled(status="success", output=ended.output)
    return Settled(status="error", error=ended)
