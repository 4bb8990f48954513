"""The heartbeat: a worker's lease on all its attempts, renewed from a thread with a database connection of its own.

So a busy database thread or a long step of the loop costs no attempt, while a loop that stands still loses them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from uuid import UUID

from django.db import Error, connection

from tasks_app.conf import conf
from tasks_app.services import workers

logger = logging.getLogger(__name__)

STALLED_SECONDS = 60.0  # a loop that has not ticked for so long does no work; its attempts go to others
JOIN_SECONDS = 0.5
RETRY_SECONDS = 1.0  # after a database error, if the next beat is later


class Heartbeat:
    """Beats for `worker_id` while it is entered and `tick()` is called. `running()` says how many slots are in use."""

    def __init__(self, worker_id: UUID, running: Callable[[], int]) -> None:
        self._worker_id = worker_id
        self._running = running
        self._ticked = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat_until_stopped, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self.tick()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(JOIN_SECONDS)

    def tick(self) -> None:
        """The event loop runs. Call it about every second."""
        self._ticked = time.monotonic()

    def _beat_until_stopped(self) -> None:
        try:
            wait = 0.0
            while not self._stop.wait(wait):
                wait = conf.lease_seconds / 3
                if time.monotonic() - self._ticked > STALLED_SECONDS:
                    logger.error("The event loop has not moved for %.0f s: no beats until it does.", STALLED_SECONDS)
                elif not self._beat():
                    wait = min(wait, RETRY_SECONDS)
        finally:
            connection.close()

    def _beat(self) -> bool:
        try:
            workers.beat(self._worker_id, self._running())
        except Error as error:
            logger.warning("A heartbeat failed, the next tries a new connection: %s", error)
            connection.close()
            return False
        return True
