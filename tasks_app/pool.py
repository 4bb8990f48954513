"""Many at once, on one event loop: claim tasks, run their attempts, notice what others did to them, let go of them.

It knows no agent: it is given `run(claim)`, which ends the attempt through the services. What `run` raises, or leaves
open, the pool makes a failure of.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.db import Error

from tasks_app.conf import conf
from tasks_app.crossing import in_db
from tasks_app.errors import AttemptLost, CruxError, IllegalTransition
from tasks_app.rules.retry import is_retryable
from tasks_app.services import claims, leases
from tasks_app.services.claims import Claim

logger = logging.getLogger(__name__)

Run = Callable[[Claim], Awaitable[bool | None]]
"""Works on a claim; true says that it has ended the attempt, so that the pool need not look."""
Wake = Callable[[float], Awaitable[None]]
"""Returns at news from the database, or after so many seconds; may be cancelled."""

FALLBACK_SECONDS = 1.0  # a pool looks for itself so often, whatever it is told
ENDING_PACE_SECONDS = 0.02  # between two looks when attempts end: a batch of endings is refilled by one claim
NEWS_PACE_SECONDS = 0.1  # between two looks for news alone: a busy database has some all the time
LET_GO_SECONDS = 0.5  # a cancelled attempt may take so long at the stop
BACKOFF_SECONDS = 1.0  # after a database error


class Pool:
    """Up to `slots` attempts at once, for one worker; of all started lists, or of `only` one."""

    def __init__(
        self, worker_id: UUID, slots: int, run: Run, *, wake: Wake = asyncio.sleep, only: UUID | None = None
    ) -> None:
        self._worker_id = worker_id
        self._slots = slots
        self._run = run
        self._wake = wake
        self._only = only
        self._nudge = asyncio.Event()  # an attempt ended, or the stop came
        self._running: dict[UUID, _Running] = {}
        self._let_go: set[UUID] = set()  # ended by another, and no longer worked on: to be recorded
        self._unended: dict[UUID, Claim] = {}  # no longer worked on, and not ended: to be given back
        self._alone = False  # a task that must run without neighbours came up
        self._last_list: UUID | None = None
        self._looked = 0.0  # time.monotonic(), as below
        self._next_sweep = 0.0

    @property
    def running(self) -> int:
        """How many slots are in use. May be read from any thread."""
        return len(self._running)

    async def serve(self, stop: asyncio.Event) -> None:
        """Work until `stop`; then claim nothing, wait `CRUX_DRAIN_SECONDS`, cancel the rest and give it back."""
        watch = asyncio.create_task(self._nudge_at(stop))
        try:
            while not stop.is_set():
                await self._round(FALLBACK_SECONDS, claiming=True)
            deadline = time.monotonic() + conf.drain_seconds
            while self._running and (left := deadline - time.monotonic()) > 0:
                await self._round(min(left, FALLBACK_SECONDS), claiming=False)
        finally:
            watch.cancel()
            await self._let_all_go()

    async def _nudge_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._nudge.set()

    async def _round(self, seconds: float, *, claiming: bool) -> None:
        """Do all there is to do, then wait for more. A database error costs a round, not the shift."""
        self._nudge.clear()
        self._looked = time.monotonic()
        try:
            await self._settle()
            await self._cut_fenced()
            await self._cut_overdue()
            if self._looked >= self._next_sweep:
                self._next_sweep = self._looked + conf.lease_seconds / 3
                await in_db(leases.sweep)
                await in_db(leases.release_strays, self._worker_id, {*self._running, *self._unended})
            if claiming:
                await self._claim()
            await self._rest(seconds)
        except Error as error:
            logger.warning("The database did not answer, trying again in %g s: %s", BACKOFF_SECONDS, error)
            await asyncio.sleep(BACKOFF_SECONDS)

    async def _rest(self, seconds: float) -> None:
        """Until an attempt ends, news comes, or `seconds` are over; but not so short that looking is all it does."""
        if not self._nudge.is_set():
            await self._first(self._wake(seconds))
        if not self._nudge.is_set():
            await self._first(asyncio.sleep(self._looked + NEWS_PACE_SECONDS - time.monotonic()))
        await asyncio.sleep(self._looked + ENDING_PACE_SECONDS - time.monotonic())

    async def _first(self, other: Awaitable[None]) -> None:
        """Until the nudge or `other`, whose error is raised."""
        waits = [asyncio.ensure_future(self._nudge.wait()), asyncio.ensure_future(other)]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        for wait in done:
            wait.result()

    async def _claim(self) -> None:
        free = self._slots - len(self._running)
        if free <= 0 or (self._alone and self._running):
            return
        idle = not self._running
        got = await in_db(claims.claim, self._worker_id, free, idle=idle, after=self._last_list, only=self._only)
        self._alone, self._last_list = got.alone, got.last_list
        for claim in got.claims:
            task = asyncio.create_task(self._attempt(claim), name=f"attempt {claim.attempt_id}")
            self._running[claim.attempt_id] = _Running(claim, task, due=time.monotonic() + conf.attempt_seconds)
            task.add_done_callback(partial(self._ended, claim))

    async def _attempt(self, claim: Claim) -> bool:
        """Run it to its end. Returns whether it ended here: False if another had ended it."""
        try:
            ended = await self._run(claim)
            _stop_if_cancelled()
            if ended:
                return True
            # One query instead of a transaction: nearly always the attempt has ended, as it should.
            await in_db(claims.start, claim)
            return await _fail(claim, "The worker ended without completing or failing the task.", retryable=True)
        except AttemptLost:
            return False
        except IllegalTransition:
            return True
        except asyncio.CancelledError:
            _stop_if_cancelled()
            return await _fail(claim, "It was cancelled from within.", retryable=True)
        except (Exception, SystemExit) as error:  # whatever an agent raises is its attempt's end, not the shift's
            _stop_if_cancelled()
            _log_failure(claim, error)
            return await _fail(claim, _in_words(error), retryable=is_retryable(error))

    def _ended(self, claim: Claim, task: asyncio.Task[bool]) -> None:
        """Free the slot, and note what is still to be recorded about the attempt."""
        cut = self._running.pop(claim.attempt_id).cut
        self._nudge.set()
        if not task.cancelled() and task.exception() is None:
            if not task.result():
                self._let_go.add(claim.attempt_id)
            return
        if not task.cancelled():
            logger.error("The end of task %r could not be recorded.", claim.task.id, exc_info=task.exception())
        if cut:
            self._let_go.add(claim.attempt_id)
        else:
            self._unended[claim.attempt_id] = claim

    async def _settle(self) -> None:
        if let_go := set(self._let_go):
            await in_db(leases.stopped, let_go)
            self._let_go -= let_go
        if unended := dict(self._unended):
            await in_db(leases.release, list(unended.values()))
            for attempt_id in unended:
                del self._unended[attempt_id]

    async def _cut_fenced(self) -> None:
        """Stop the work on attempts that another has ended: a person, the sweep, a discard."""
        if not self._running:
            return
        for attempt_id in await in_db(leases.fenced, self._worker_id):
            if attempt_id in self._running:
                self._running[attempt_id].cancel()
            else:
                self._let_go.add(attempt_id)

    async def _cut_overdue(self) -> None:
        for running in list(self._running.values()):
            if self._looked >= running.due and not running.cut:
                with suppress(AttemptLost, IllegalTransition):  # it ended by itself at the last moment
                    error = f"It took longer than {conf.attempt_seconds:g} s (CRUX_ATTEMPT_SECONDS)."
                    await in_db(claims.fail, running.claim, error)
                running.cancel()

    async def _let_all_go(self) -> None:
        """Cancel what runs and give back what has not ended, also what does not listen: its process ends."""
        tasks = [running.task for running in self._running.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=LET_GO_SECONDS)
        for running in self._running.values():
            if running.cut:
                self._let_go.add(running.claim.attempt_id)
            else:
                self._unended[running.claim.attempt_id] = running.claim
        try:
            await self._settle()
        except Error as error:
            logger.warning("The database did not answer at the stop; the leases will run out instead: %s", error)


@dataclass(slots=True)
class _Running:
    """A slot in use."""

    claim: Claim
    task: asyncio.Task[bool]
    due: float  # time.monotonic(); the attempt's deadline
    cut: bool = False  # cancelled by the pool, once: cleaning up may take its time

    def cancel(self) -> None:
        if not self.cut:
            self.cut = True
            self.task.cancel()


async def _fail(claim: Claim, error: str, *, retryable: bool) -> bool:
    """Record the failure, however long the database takes. Returns False if another had ended the attempt."""
    while True:
        try:
            await in_db(claims.fail, claim, error, retryable=retryable)
        except AttemptLost:
            return False
        except IllegalTransition:  # it raised after its end
            return True
        except Error as failure:  # left open, the attempt would be held as long as this process lives
            logger.warning("The failure of task %r is still to be recorded: %s", claim.task.id, failure)
            await asyncio.sleep(BACKOFF_SECONDS)
        else:
            return True


def _stop_if_cancelled() -> None:
    """Raise CancelledError if the pool has cancelled this attempt, whatever its code made of that."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _log_failure(claim: Claim, error: BaseException) -> None:
    """With the stack if it is a mistake in the code."""
    stack = None if is_retryable(error) or isinstance(error, CruxError) else error
    logger.info("Attempt %d of task %r failed: %s", claim.number, claim.task.id, _in_words(error), exc_info=stack)


def _in_words(error: BaseException) -> str:
    """An error for people, with its notes: a group's only error is the error, and Crux's messages need no type."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    words = str(error) if isinstance(error, CruxError) else f"{type(error).__name__}: {error}".rstrip(": ")
    notes = "; ".join(getattr(error, "__notes__", ()))
    return f"{words} ({notes})" if notes else words
