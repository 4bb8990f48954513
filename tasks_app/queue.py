"""django-q2 starts, spreads and replaces the worker processes; this is the only module that knows it.

Each worker process runs one permanent job, the shift, enqueued when the process is born. A stop is a byte in memory
that all processes of the cluster share: nobody signals a worker.
"""

import logging
import mmap
import signal
import time
from datetime import timedelta
from typing import Any

from django.db import connections
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.cluster import Cluster
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signals import post_spawn
from django_q.tasks import async_task

from tasks_app import lifeline
from tasks_app.conf import conf
from tasks_app.services import workers

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05  # how soon a stop is seen
STOP_SECONDS = 3.5  # after the drain: poison pills, monitor, sentinel; measured 0.6 s
YOUNG_SECONDS = 60  # a cluster that has just started has jobs in the queue, and no worker that beats yet

_stop = mmap.mmap(-1, 1)  # anonymous and shared: every process forked below sees it change


def run_cluster(shift: str) -> int:
    """Keep `CRUX_WORKERS` processes at `shift`, one each, until SIGTERM or SIGINT; returns the exit code.

    Args:
        shift: dotted name of a function without arguments that returns soon after `stopping()`, or after `recycle()`.

    Returns:
        0 after a stop; 1 if the cluster died.

    Raises:
        ImportError: there is no such function.
    """
    import_string(shift)  # once, here: the workers inherit the modules and are born in milliseconds
    lifeline.forks_end_with_me()
    _prune(live={worker.cluster for worker in workers.alive()})
    connections.close_all()  # or two processes would talk over one connection
    post_spawn.connect(lambda **_: _enqueue(shift), weak=False)
    cluster = _Cluster()
    try:
        cluster.start()
    except RuntimeError as error:  # the sentinel was killed at birth
        logger.error("%s", error)
        return 1
    while not stopping():
        time.sleep(POLL_SECONDS)
        if not cluster.sentinel.is_alive():
            logger.error("The sentinel of the worker processes died.")
            return 1
    # A worker that was killed at the wrong moment takes a lock with it, and stop() never returns. Then the kernel
    # ends this process, and all below it with it.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, conf.drain_seconds + STOP_SECONDS)
    cluster.stop()
    return 0


def cluster_name() -> str:
    """The name of this process's cluster: one a `crux up`, which gives it to its children as CRUX_CLUSTER."""
    return str(Conf.CLUSTER_NAME)


def stopping() -> bool:
    """Whether this process's cluster was told to stop."""
    return _stop[0] != 0


def recycle() -> None:
    """Have this worker process replaced as soon as its shift returns.

    Without it a worker whose shift has returned would wait for ever for another that nobody enqueues.
    """
    Conf.MAX_RSS = 1  # kB: every process is larger


def close_admin() -> None:
    """Take django-q2's pages out of the admin: a schedule's `func` is a dotted path, so whoever edits one runs code."""
    from django.contrib import admin
    from django_q import admin as pages  # registers them now, or autodiscover would do it after us

    for model in (pages.Schedule, pages.Success, pages.Failure, pages.OrmQ):
        if admin.site.is_registered(model):
            admin.site.unregister(model)


class _Cluster(Cluster):  # type: ignore[misc]  # django-q2 carries no types
    """A cluster that only notes a signal: the stock handler takes locks, and can find them taken by itself."""

    def sig_handler(self, signum: int, frame: Any) -> None:
        _stop[0] = 1


def _enqueue(shift: str) -> None:
    """Enqueue the shift of the worker process just born, which is this one."""
    if not stopping():
        async_task(shift)


def _prune(*, live: set[str]) -> None:
    """Remove jobs that nobody will run: this cluster's from before a crash, and those of clusters that are gone.

    A killed worker's job stays locked for `retry`, ten years. One that a pusher holds may go: it has been read.
    """
    jobs = OrmQ.objects.using(Conf.ORM)
    jobs.filter(key=Conf.CLUSTER_NAME).delete()
    now = timezone.now()
    young = jobs.filter(lock__range=(now - timedelta(seconds=YOUNG_SECONDS), now)).values("pk")
    jobs.exclude(key__in=live).exclude(pk__in=young).delete()
