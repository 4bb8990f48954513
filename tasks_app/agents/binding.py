"""What binds a worker to its task: one attempt, claimed by the pool or opened by the worker's first move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from tasks_app.agents import holder
from tasks_app.agents.scope import opened
from tasks_app.crossing import in_db, in_turn
from tasks_app.errors import AttemptLost, IllegalTransition
from tasks_app.models import TaskSnapshot
from tasks_app.rules.statuses import By, TaskStatus, allowed, words
from tasks_app.services import claims, hands, tasks
from tasks_app.services.claims import Claim
from tasks_app.services.hands import Opened

__all__ = ["Binding"]

P = ParamSpec("P")


class Binding:
    """A task and, once it is bound, the one attempt at it that its moves act on. It is never bound anew.

    Attributes:
        claim: the attempt; None as long as nothing was opened.
        task: as it is known since the pool's claim; None for one bound by hand, which is read.
        ended: whether the attempt was ended by a move of this binding.
        lost: why every further move is in vain, if another has ended the attempt.

    Each move raises Refused or NotFound, and has then changed nothing.
    """

    def __init__(self, list_id: UUID, task_id: str, claim: Claim | None = None) -> None:
        self.list_id = list_id
        self.task_id = task_id
        self.claim = claim
        self.task = claim.task if claim else None
        self.ended = False
        self.lost: AttemptLost | None = None

    @classmethod
    def of(cls, claim: Claim) -> Binding:
        """Bound to what the pool has claimed."""
        return cls(claim.list_id, claim.task.id, claim)

    @property
    def over(self) -> bool:
        """Whether nothing can be done with it any more."""
        return self.ended or self.lost is not None

    async def start(self) -> TaskSnapshot:
        """Open the attempt; if it is, this changes nothing."""
        if self.claim is None:
            return await self._open(hands.open_attempt)
        return await self._move(self.claim, claims.start)

    async def progress(self, message: str) -> TaskSnapshot:
        """Say what is being done."""
        if self.claim is None:
            raise await in_db(_not_started, self.list_id, self.task_id)
        return await self._move(self.claim, claims.progress, message)

    async def complete(self, result: Any = None) -> TaskSnapshot:
        """End the attempt well; one that was not opened is opened and ended in one transaction."""
        if self.claim is None:
            task = await self._open(hands.complete, result)
        else:
            task = await self._move(self.claim, claims.complete, result)
        self._end()
        return task

    async def fail(self, error: str) -> TaskSnapshot:
        """End the attempt badly; as `complete`."""
        if self.claim is None:
            task = await self._open(hands.fail, error)
        else:
            task = await self._move(self.claim, claims.fail, error)
        self._end()
        return task

    async def read(self) -> TaskSnapshot:
        """The task as it stands. One query, none while the pool's claim holds."""
        if self.task is not None and not self.over:
            return self.task
        return await in_db(tasks.get, self.list_id, self.task_id)

    def ways(self, status: str) -> tuple[TaskStatus, ...]:
        """Where the moves of this binding can take its task, which has this status."""
        expected = TaskStatus.PENDING if self.claim is None else TaskStatus.IN_PROGRESS
        return () if self.over or status != expected else _ways(status)

    async def _open(
        self, service: Callable[Concatenate[UUID, UUID, str, P], Opened], *args: P.args, **kwargs: P.kwargs
    ) -> TaskSnapshot:
        with holder.opening() as stretch:
            claim, task = await in_turn(
                self.list_id, service, stretch.worker_id, self.list_id, self.task_id, *args, **kwargs
            )
            self.claim = claim
            stretch.hold(claim.attempt_id, self)
        await opened(claim)
        return task

    async def _move(
        self, claim: Claim, service: Callable[Concatenate[Claim, P], TaskSnapshot], *args: P.args, **kwargs: P.kwargs
    ) -> TaskSnapshot:
        try:
            task = await in_turn(self.list_id, service, claim, *args, **kwargs)
        except AttemptLost as error:
            self.lost = error
            holder.drop(claim.attempt_id)
            raise
        if self.task is not None:
            self.task = task
        return task

    def _end(self) -> None:
        self.ended = True
        if self.claim is not None:
            holder.drop(self.claim.attempt_id)


def _not_started(list_id: UUID, task_id: str) -> IllegalTransition:
    status = tasks.get(list_id, task_id).status
    ways = _ways(status) if status == TaskStatus.PENDING else ()
    message = f"Task {task_id!r} is {words(status)}, and this worker has not started it; start it first."
    return IllegalTransition(message, status=status, allowed=map(str, ways))


def _ways(status: str) -> tuple[TaskStatus, ...]:
    return tuple(way for way in allowed(status, By.WORKER) if way != TaskStatus.PENDING)
