"""The move table: which status may follow which, and by whose hand. And what a list's status is, from its counters.

Pure: nothing here reads a row. Only `services` acts on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from tasks_app.errors import IllegalTransition


class TaskStatus(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    AWAITING_APPROVAL = "awaiting_approval"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class AttemptStatus(StrEnum):
    """How one try at a task went; all but `running` are final."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    ABANDONED = "abandoned"  # its worker died
    RELEASED = "released"  # its worker shut down and gave it back
    CANCELLED = "cancelled"  # its task was cancelled, skipped or discarded by another


class ListStatus(StrEnum):
    """What a list's tasks amount to."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DISCARDED = "discarded"


class By(StrEnum):
    """Whose hand moves a task."""

    WORKER = "worker"  # the holder of the attempt; a claim
    POOL = "pool"  # for the holder: deadline, limits, release, unknown agent
    SWEEP = "sweep"  # for a dead holder
    ENGINE = "engine"  # dependencies, gates
    AGENT = "agent"  # a managing agent's list tools
    HANDLE = "handle"  # a program
    PERSON = "person"
    DISCARD = "discard"


UNFINISHED = (TaskStatus.PENDING, TaskStatus.IN_PROGRESS, TaskStatus.AWAITING_APPROVAL)
FINAL = (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.SKIPPED, TaskStatus.CANCELLED)

_S = TaskStatus
MOVES: Mapping[tuple[TaskStatus, TaskStatus], frozenset[By]] = {
    (_S.PENDING, _S.IN_PROGRESS): frozenset({By.WORKER}),
    (_S.PENDING, _S.COMPLETED): frozenset({By.WORKER}),
    (_S.PENDING, _S.FAILED): frozenset({By.WORKER}),
    (_S.PENDING, _S.AWAITING_APPROVAL): frozenset({By.ENGINE}),
    (_S.PENDING, _S.SKIPPED): frozenset({By.AGENT, By.HANDLE, By.PERSON, By.ENGINE}),
    (_S.PENDING, _S.CANCELLED): frozenset({By.AGENT, By.HANDLE, By.PERSON, By.DISCARD}),
    (_S.IN_PROGRESS, _S.SKIPPED): frozenset({By.AGENT, By.HANDLE, By.PERSON}),
    (_S.IN_PROGRESS, _S.CANCELLED): frozenset({By.AGENT, By.HANDLE, By.PERSON, By.DISCARD}),
    (_S.IN_PROGRESS, _S.COMPLETED): frozenset({By.WORKER}),
    (_S.IN_PROGRESS, _S.FAILED): frozenset({By.WORKER, By.POOL, By.SWEEP}),
    (_S.IN_PROGRESS, _S.PENDING): frozenset({By.WORKER, By.POOL, By.SWEEP, By.PERSON}),
    (_S.AWAITING_APPROVAL, _S.SKIPPED): frozenset({By.HANDLE, By.PERSON, By.ENGINE}),
    (_S.AWAITING_APPROVAL, _S.CANCELLED): frozenset({By.HANDLE, By.PERSON, By.DISCARD}),
    (_S.AWAITING_APPROVAL, _S.PENDING): frozenset({By.PERSON}),
    (_S.AWAITING_APPROVAL, _S.FAILED): frozenset({By.PERSON}),
    (_S.SKIPPED, _S.PENDING): frozenset({By.HANDLE, By.PERSON, By.ENGINE}),
    (_S.FAILED, _S.PENDING): frozenset({By.HANDLE, By.PERSON}),
    (_S.CANCELLED, _S.PENDING): frozenset({By.HANDLE, By.PERSON}),
    (_S.COMPLETED, _S.PENDING): frozenset({By.HANDLE, By.PERSON}),
}


def allowed(old: str, by: By) -> tuple[TaskStatus, ...]:
    """The statuses `by` may move a task to from `old`, in the order of the enum."""
    return tuple(new for new in TaskStatus if by in MOVES.get((TaskStatus(old), new), ()))


def check_move(task_id: str, old: str, new: TaskStatus, by: By) -> None:
    """Pass if the table has this move.

    Raises:
        IllegalTransition: it has not; the message says where the task stands and the way out.
    """
    if by in MOVES.get((TaskStatus(old), new), ()):
        return
    ways = allowed(old, by)
    if old in FINAL:
        state, way_out = f"already {words(old)}", "retry it to run it again"
    else:
        state = f"{words(old)} and cannot become {words(new)}"
        way_out = f"it may become {' or '.join(map(words, ways))}" if ways else "wait for it to end"
    raise IllegalTransition(f"Task {task_id!r} is {state}; {way_out}.", status=old, allowed=ways)


def check_touch(task_id: str, status: str, by: By) -> None:
    """Pass if `by` may change or remove a task at all: no agent's tool touches one that people are to decide on.

    Raises:
        IllegalTransition: it may not.
    """
    if by == By.AGENT and status == TaskStatus.AWAITING_APPROVAL:
        raise IllegalTransition(f"Task {task_id!r} awaits approval; only people touch it.", status=status)


def words(status: str) -> str:
    """A status as people say it: `in progress`."""
    return str(status).replace("_", " ")


def is_finished(counts: Mapping[str, int], *, removed: int, discarded: bool) -> bool:
    """Whether nothing is left to do: something was ever added and all of it has ended, or the list is discarded."""
    if discarded:
        return True
    return sum(counts.values()) + removed > 0 and not any(counts[status] for status in UNFINISHED)


def list_status(counts: Mapping[str, int], *, removed: int, discarded: bool) -> ListStatus:
    """A list's status from its counters (one a task status, removed tasks apart); the first match wins."""
    total = sum(counts.values())
    if discarded:
        return ListStatus.DISCARDED
    if total == 0:
        return ListStatus.COMPLETED if removed else ListStatus.PENDING
    if counts[_S.PENDING] == total:
        return ListStatus.PENDING
    if counts[_S.COMPLETED] + counts[_S.SKIPPED] == total:
        return ListStatus.COMPLETED
    if counts[_S.IN_PROGRESS]:
        return ListStatus.IN_PROGRESS
    if counts[_S.FAILED]:
        return ListStatus.FAILED
    if counts[_S.AWAITING_APPROVAL]:
        return ListStatus.IN_PROGRESS
    if counts[_S.PENDING] == 0:
        return ListStatus.CANCELLED
    return ListStatus.IN_PROGRESS
