"""What runs here: the attempt that a worker, an agent or one of its tools works for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from tasks_app.agents.limits import Use
from tasks_app.agents.transcript import Transcript
from tasks_app.conf import conf
from tasks_app.errors import Refused
from tasks_app.llm.model import Model
from tasks_app.models import TaskSnapshot
from tasks_app.services.claims import Claim

__all__ = ["CurrentAttempt", "Models", "current_attempt", "entered", "scope", "stop_requested"]


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

    `deadline` (a `time.monotonic()` value) and `use` are the attempt's, shared by all conversations it has.
    """

    attempt: CurrentAttempt
    models: Models
    transcript: Transcript
    deadline: float
    use: Use = field(default_factory=Use)
    stop: threading.Event = field(default_factory=threading.Event)


_scope: ContextVar[Scope | None] = ContextVar("crux_scope", default=None)


def current_attempt() -> CurrentAttempt:
    """The attempt that runs here: inside a worker function, an agent's prompt, or a tool.

    Raises:
        Refused: none does.
    """
    here = _scope.get()
    if here is None:
        raise Refused("No attempt runs here; ask inside a worker function, a prompt's function or a tool.")
    return here.attempt


def stop_requested() -> bool:
    """Whether the attempt that runs here was ended by another: whatever it still does is in vain.

    An async worker is cancelled anyway; a plain function runs in a thread, which nobody can stop, and should ask now
    and then. False where no attempt runs.
    """
    here = _scope.get()
    return here is not None and here.stop.is_set()


def scope() -> Scope | None:
    """All that is known here, for the rooms of Crux."""
    return _scope.get()


@contextmanager
def entered(claim: Claim, models: Models) -> Iterator[Scope]:
    """Work for this claim; left by an exception (a cancellation is one), whatever still runs is asked to stop."""
    attempt = CurrentAttempt(claim.attempt_id, claim.number, claim.list_id, claim.task)
    deadline = time.monotonic() + conf.attempt_seconds
    here = Scope(attempt, models, Transcript(claim.list_id, claim.attempt_id), deadline)
    token = _scope.set(here)
    try:
        yield here
    finally:
        here.stop.set()
        _scope.reset(token)
