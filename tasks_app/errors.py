"""Every error of Crux, in one tree.

CruxError
├── NotFound               PlanNotFound · TaskListNotFound · TaskNotFound
├── Refused                what was asked may not happen; nothing was written
│   ├── IllegalTransition  the move table has no such move
│   ├── AttemptLost        the attempt was ended by another; its worker must stop
│   ├── TaskListDiscarded  the list takes no more changes
│   ├── DuplicateTaskId    the id is taken, for ever
│   ├── DependencyRefused  unknown, itself, a cycle, or one that stands failed
│   ├── ValueRefused       not JSON, too large, or out of bounds
│   └── UnknownAgent       no agent of this name is registered
├── ModelError             a model call failed for good, in the provider's words
├── PipelineStepFailed     a step of a pipeline failed; its cause is the error
└── BatchRefused           an input file is wrong; names the file and the line

A message names the thing, its state and the way out.
"""

from __future__ import annotations

from collections.abc import Iterable


class CruxError(Exception):
    """The root: everything Crux raises on purpose."""


class NotFound(CruxError):
    """The thing named does not exist, or may not be known of."""


class PlanNotFound(NotFound):
    """No plan has this id."""


class TaskListNotFound(NotFound):
    """No task list has this id."""


class TaskNotFound(NotFound):
    """The list has no such task, or it was removed."""


class Refused(CruxError):
    """What was asked may not happen now; nothing was written."""


class IllegalTransition(Refused):
    """The move table has no such move.

    Attributes:
        status: where the task stands.
        allowed: the statuses it may go to from there, for the one who asked.
    """

    def __init__(self, message: str, *, status: str, allowed: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.allowed = tuple(allowed)


class AttemptLost(Refused):
    """The attempt was ended by another (a person, the sweep, a discard); whoever held it must stop."""


class TaskListDiscarded(Refused):
    """The list was discarded: it can be read, not changed."""


class DuplicateTaskId(Refused):
    """The id is taken in this list; a removed task keeps its id."""


class DependencyRefused(Refused):
    """A dependency is unknown, the task itself, part of a cycle, or stands failed."""


class ValueRefused(Refused):
    """A value is not JSON, too large, or out of bounds."""


class UnknownAgent(Refused):
    """No agent of this name is registered."""

    retryable = False  # a later attempt meets the same code


class ModelError(CruxError):
    """A model call failed for good; the message carries the provider's words.

    Attributes:
        retryable: whether a later attempt at the same task may do better.
    """

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class PipelineStepFailed(CruxError):
    """A step of a pipeline failed; the message carries the words of its cause, which is `__cause__`.

    Attributes:
        step: the step's name.
        retryable: whether a later attempt may do better, as of the cause.
    """

    def __init__(self, message: str, *, step: str, retryable: bool = True) -> None:
        super().__init__(message)
        self.step = step
        self.retryable = retryable


class BatchRefused(CruxError):
    """An input file is wrong; the message names the file and the line. No task of the batch was added."""
