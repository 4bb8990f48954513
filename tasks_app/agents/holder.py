"""What this process holds by hand: attempts at tasks, by a worker row of its own that beats as long as it holds one.

A *stretch* goes from the first opening until nothing is held any more. Its thread renews the lease for as long as the
process lives, as a program that works by hand may have no event loop to be watched by; and it lets go of what nobody
in the process can end any more, because the object that held it is gone.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import Error, connection

from tasks_app.conf import conf
from tasks_app.models.columns import new_id
from tasks_app.services import leases, workers

__all__ = ["drop", "let_all_go", "opening"]

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0  # after a database error, if the next beat is later
JOIN_SECONDS = 0.5


class Stretch:
    """A worker's life in this process; its row is made by the first opening, with the attempt."""

    def __init__(self) -> None:
        self.worker_id = new_id()
        self.openings = 0  # in flight: what they open is not held yet
        self.held: dict[UUID, weakref.ref[object]] = {}  # attempt → whoever can end it
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, name="holder", daemon=True)
        self._thread.start()

    def hold(self, attempt_id: UUID, keeper: object) -> None:
        """Hold an attempt until it is dropped, or `keeper` is garbage."""
        with _here.lock:
            self.held[attempt_id] = weakref.ref(keeper)

    def end(self, reason: str) -> None:
        """Let go of all that is held, and retire."""
        self._stop.set()
        self._thread.join(JOIN_SECONDS)
        leases.let_go(leases.held_by(self.worker_id), reason)
        workers.retire(self.worker_id)

    def _live(self) -> None:
        wait = conf.lease_seconds / 3
        try:
            while not self._stop.wait(wait):
                wait = conf.lease_seconds / 3
                try:
                    workers.beat(self.worker_id, len(self.held))
                    self._let_go_of_lost()
                    if self._is_over():
                        workers.retire(self.worker_id)
                        return
                except Error as error:
                    logger.warning("A heartbeat failed, the next tries a new connection: %s", error)
                    connection.close()
                    wait = min(wait, RETRY_SECONDS)
        finally:
            connection.close()

    def _let_go_of_lost(self) -> None:
        """Let go of what garbage held, and of what a commit that nobody waited for has opened."""
        known = leases.held_by(self.worker_id)  # first: what is opened from here on is in flight, or held
        with _here.lock:
            gone = {attempt_id for attempt_id, keeper in self.held.items() if keeper() is None}
            lost = known & gone if self.openings else known - (self.held.keys() - gone)
        if lost:
            leases.let_go(lost, "its worker was let go")
        with _here.lock:
            for attempt_id in gone:
                del self.held[attempt_id]

    def _is_over(self) -> bool:
        with _here.lock:
            over = not (self.held or self.openings)
            if over and _here.stretch is self:
                _here.stretch = None
        return over


class _Here:
    """What all threads of this process share."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # never held while the database is asked
        self.stretch: Stretch | None = None


_here = _Here()


@contextmanager
def opening() -> Iterator[Stretch]:
    """Around the opening of an attempt: the stretch whose worker is to hold it."""
    with _here.lock:
        _here.stretch = stretch = _here.stretch or Stretch()
        stretch.openings += 1
    try:
        yield stretch
    finally:
        with _here.lock:
            stretch.openings -= 1


def drop(attempt_id: UUID) -> None:
    """Hold an attempt no longer: it has ended, or was lost."""
    with _here.lock:
        if _here.stretch is not None:
            _here.stretch.held.pop(attempt_id, None)


def let_all_go(reason: str = "its program ended") -> None:
    """Give back what this process holds by hand, if the database answers; else its lease runs out."""
    with _here.lock:
        stretch, _here.stretch = _here.stretch, None
    if stretch is not None:
        try:
            stretch.end(reason)
        except Error as error:
            logger.warning("The database did not answer at the end; the lease will run out instead: %s", error)


# In a fork: what is held is the parent's, and so are its thread and whoever holds the lock.
os.register_at_fork(after_in_child=_here.__init__)  # type: ignore[misc]
atexit.register(let_all_go)
