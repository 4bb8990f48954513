"""Plain functions beside the event loop, in threads nobody can stop: as many as there are slots in the process.

The threads are daemons, so that a process ends without waiting for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

from django.db import connections

from tasks_app.conf import conf

__all__ = ["call", "in_thread", "more_threads"]

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `fn` returns or raises, with the context variables of here; its database connections are closed after it.

    Cancelled, this returns at once. A function that had begun goes on to its end, and its thread is taken until then;
    one that had not begun never does.
    """
    context = contextvars.copy_context()
    context.run(_for_a_thread.set, True)
    job = _Job(partial(context.run, partial(fn, *args, **kwargs)))
    _threads.submit(job, beyond=_for_a_thread.get())
    try:
        return await job.done  # type: ignore[no-any-return]  # what `fn` returns
    finally:
        job.unwanted = True


async def call(fn: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Any:
    """What a function of others returns: an async one on the loop, a plain one in a thread, where it may block."""
    if inspect.iscoroutinefunction(fn):
        return await fn(*args, **kwargs)
    done = await in_thread(fn, *args, **kwargs)
    return await done if inspect.isawaitable(done) else done


@contextlib.contextmanager
def more_threads(count: int) -> Iterator[None]:
    """While entered there may be so many more than a worker process has slots, as a drain has slots of its own."""
    _threads.allow(count)
    try:
        yield
    finally:
        _threads.allow(-count)


_for_a_thread: ContextVar[bool] = ContextVar("crux_for_a_thread", default=False)


class _Job:
    """One call, made on the loop that waits for it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.unwanted = False
        self._work = work
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[Any] = self._loop.create_future()

    def run(self) -> None:
        if self.unwanted:
            return
        try:
            tell = partial(self._tell, self.done.set_result, self._work())
        except (SystemExit, StopIteration) as error:  # as themselves they would end the loop, or confuse it
            tell = partial(self._tell, self.done.set_exception, RuntimeError(f"{type(error).__name__}: {error}"))
        except BaseException as error:
            tell = partial(self._tell, self.done.set_exception, error)
        finally:
            connections.close_all()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(tell)

    def _tell(self, settle: Callable[[Any], None], outcome: Any) -> None:
        if not self.done.done():
            settle(outcome)


class _Threads:
    """Threads that take jobs in their order, started as they are needed. (`ThreadPoolExecutor` is joined at exit.)"""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._lock = threading.Lock()
        self._started = 0
        self._more = 0  # beyond a worker process's slots
        self._spare = 0  # threads that wait, less the jobs put for them

    def allow(self, more: int) -> None:
        with self._lock:
            self._more += more

    def submit(self, job: _Job, *, beyond: bool) -> None:
        """`beyond`: a thread waits for this job, so one more than the slots will not be busier."""
        with self._lock:
            self._spare -= 1
            if self._spare < 0 and (beyond or self._started < conf.worker_concurrency + self._more):
                self._started += 1
                self._spare += 1
                threading.Thread(target=self._serve, name=f"crux-sync-{self._started}", daemon=True).start()
        self._jobs.put(job)

    def _serve(self) -> None:
        while True:
            self._jobs.get().run()
            with self._lock:
                self._spare += 1


_threads = _Threads()
