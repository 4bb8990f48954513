"""What runs here: the attempt that a worker, an agent or one of its tools works for."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from tasks_app.agents.limits import Use, Watch
from tasks_app.agents.transcript import LooseTranscript, Transcript
from tasks_app.conf import conf
from tasks_app.errors import Refused
from tasks_app.llm.model import Model
from tasks_app.models import TaskSnapshot
from tasks_app.services.claims import Claim

__all__ = [
    "CurrentAttempt",
    "Models",
    "Scope",
    "conversing",
    "current_attempt",
    "entered",
    "opened",
    "scope",
    "stop_requested",
]


class Models(Protocol):
    """Whoever knows models by name; `None` or "" is the deployment's own."""

    def get(self, name: str | None = None) -> Model:
        """The model of this name."""
        ...


@dataclass(frozen=True, slots=True)
class CurrentAttempt:
    """The attempt that runs here. Pass `id` on as an idempotency key: side effects happen at least once.

    `number` counts the attempts at the task from 1; `task` is as it stood when it was claimed.
    """

    id: UUID
    number: int
    list_id: UUID
    task: TaskSnapshot


@dataclass(frozen=True, slots=True)
class Scope:
    """All that is known here: the attempt, its transcript, the models, and whether it is to stop.

    `deadline` (a `time.monotonic()` value) and `use` are the attempt's, shared by all conversations it has; one that
    was opened by hand has neither, and no models.
    """

    attempt: CurrentAttempt
    transcript: Transcript
    models: Models | None = None
    deadline: float | None = None
    use: Use | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> Watch | None:
        """Whoever holds a new conversation to the attempt's limits."""
        return Watch(self.use) if self.use else None


@dataclass(slots=True)
class _Place:
    """Where code runs: within an attempt, or within a conversation that may yet open one."""

    scope: Scope | None
    transcript: Transcript


_place: ContextVar[_Place | None] = ContextVar("crux_place", default=None)


def current_attempt() -> CurrentAttempt:
    """The attempt that runs here: inside a worker function, an agent's prompt, or a tool.

    Raises:
        Refused: none does.
    """
    here = scope()
    if here is None:
        raise Refused("No attempt runs here; ask inside a worker function, a prompt's function or a tool.")
    return here.attempt


def stop_requested() -> bool:
    """Whether the attempt that runs here was ended by another: whatever it still does is in vain.

    An async worker is cancelled anyway; a plain function runs in a thread, which nobody can stop, and should ask now
    and then. False where no attempt runs.
    """
    here = scope()
    return here is not None and here.stop.is_set()


def scope() -> Scope | None:
    """All that is known here, for the rooms of Crux."""
    place = _place.get()
    return place.scope if place else None


@contextmanager
def entered(claim: Claim, models: Models) -> Iterator[Scope]:
    """Work for this claim; left by an exception (a cancellation is one), whatever still runs is asked to stop."""
    deadline = time.monotonic() + conf.attempt_seconds
    transcript = Transcript(claim.list_id, claim.attempt_id)
    here = Scope(_attempt_of(claim), transcript, models, deadline, Use())
    token = _place.set(_Place(here, transcript))
    try:
        yield here
    finally:
        here.stop.set()
        _place.reset(token)


@asynccontextmanager
async def conversing() -> AsyncIterator[Transcript]:
    """Have a conversation, recorded with the attempt that runs here; or with the one it opens by hand, from then on."""
    outer = _place.get()
    transcript = LooseTranscript(outer.transcript if outer else None)
    place = _Place(outer.scope if outer else None, transcript)
    token = _place.set(place)
    try:
        yield transcript
    finally:
        if outer is None and place.scope:
            place.scope.stop.set()
        _place.reset(token)
        await transcript.close()


async def opened(claim: Claim) -> None:
    """Have the conversation that runs here, if one does, work for an attempt that it has just opened by hand."""
    place = _place.get()
    if place is None or not isinstance(place.transcript, LooseTranscript):
        return
    attempt, outer = _attempt_of(claim), place.scope
    if outer is None:
        place.scope = Scope(attempt, place.transcript)
    else:
        place.scope = replace(outer, attempt=attempt, transcript=place.transcript)
    await place.transcript.bind(claim.list_id, claim.attempt_id)


def _attempt_of(claim: Claim) -> CurrentAttempt:
    return CurrentAttempt(claim.attempt_id, claim.number, claim.list_id, claim.task)
