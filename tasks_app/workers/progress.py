"""Whether a cluster does what it is for: a wedged one has all its processes, and none of them works."""

import time

from django.db import Error, connection

from tasks_app.conf import conf
from tasks_app.services import workers

PARTIAL_SECONDS = 180.0  # a wedged worker process ends itself after 120 s and is replaced, without its neighbours' loss


def patience_seconds() -> float:
    """How long a cluster may be without a live worker: time for a start, and for three leases."""
    return max(3 * conf.lease_seconds, 20.0)


class Progress:
    """Asked every second: has `cluster` a live worker, and not for too long fewer than it should have? One query."""

    def __init__(self, cluster: str, *, expected: int) -> None:
        self._cluster = cluster
        self._expected = expected
        self._whole_at = time.monotonic()

    def __call__(self) -> bool:
        """True, too, where the database does not answer: then a new cluster would do no better."""
        try:
            alive = sum(worker.cluster == self._cluster for worker in workers.alive())
        except Error:
            connection.close()
            return True
        now = time.monotonic()
        if alive in (0, self._expected):  # none: the count starts with the next cluster
            self._whole_at = now
        return alive > 0 and now - self._whole_at < PARTIAL_SECONDS
