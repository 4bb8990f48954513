"""The one border between async and sync: `in_db` and `in_turn` going down to services, `run_sync` coming up.

`in_turn` is for the small writes of many agents at once: those that wait for the database's one thread share a
transaction, a savepoint each. What it saves is the hop, BEGIN and COMMIT, and the wait for SQLite's one lock.
"""

from __future__ import annotations

import asyncio
import inspect
import signal
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID
from weakref import WeakKeyDictionary

from asgiref.sync import async_to_sync, sync_to_async
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from tasks_app.services import task_lists

P = ParamSpec("P")
R = TypeVar("R")

TOGETHER = 32  # writes a transaction at most: a list stays locked for all of them, some 60 ms


async def in_db(service: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a service from async code: on one thread, with one connection a process. One hop, about 80 µs.

    After an error of a connection that is of no more use it is dropped, so that the next call gets a new one; but not
    inside a transaction, whose owner must hear of it.
    """
    call: Callable[..., Awaitable[R]] = sync_to_async(_call, thread_sensitive=True)
    return await call(service, *args, **kwargs)


async def in_turn(list_id: UUID, service: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a service that writes to one list, in a transaction that it shares with others who wait.

    Returns only after the commit. An error is its caller's alone; a commit that failed is told to all.
    """
    loop = asyncio.get_running_loop()
    turns = _turns.setdefault(loop, _Turns())
    write = _Write(list_id, partial(service, *args, **kwargs), loop.create_future())
    turns.waiting.append(write)
    if turns.task is None or turns.task.done():
        turns.task = loop.create_task(_take_turns(turns), name="writes")
    return cast(R, await write.future)


def run_sync(verb: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call an async verb from plain Django code: a view, a shell, a command; on its thread and in its transaction.

    Ctrl-C cancels it, and is raised when it has let go; a second one does not wait for that.

    Raises:
        RuntimeError: an event loop runs here, which this would stop; the message says what to write instead.
        TypeError: it is no awaited verb, or was called already.
    """
    if not callable(verb):
        if inspect.iscoroutine(verb):
            verb.close()
        raise TypeError("Give the verb and its arguments, and do not call it: `run_sync(handle.get_task, 'a')`.")
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run_sync(verb, *args, **kwargs)
    name = _name_of(verb)
    raise RuntimeError(f"An event loop runs here: write `await {name}(…)` instead of `run_sync({name}, …)`.")


def _name_of(verb: Callable[..., Any]) -> str:
    return getattr(verb, "__name__", "verb")


def _run_sync(verb: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
    with _ctrl_c_cancels() as bind:

        async def call() -> R:
            bind()
            made: Any = verb(*args, **kwargs)
            if not inspect.isawaitable(made):
                raise TypeError(f"{_name_of(verb)} is no verb to be awaited; call it as it is, without run_sync.")
            return cast(R, await made)

        return async_to_sync(call)()


@contextmanager
def _ctrl_c_cancels() -> Iterator[Callable[[], None]]:
    """Gives a function to be called in a task: Ctrl-C then cancels that task, as under `asyncio.run`.

    By itself it would end this thread, which only serves the loop's calls of the database, and leave the loop behind.
    """
    bound: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any] | None]] = []
    came = False

    def bind() -> None:
        bound.append((asyncio.get_running_loop(), asyncio.current_task()))

    def interrupt(signum: int, frame: object) -> None:
        nonlocal came
        for loop, task in bound:
            if not came and task is not None and not task.done():
                came = True
                loop.call_soon_threadsafe(task.cancel)
                return
        raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield bind
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield bind
    except asyncio.CancelledError:
        if came:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(slots=True)
class _Write:
    list_id: UUID
    call: Callable[[], Any]
    future: asyncio.Future[Any]


@dataclass(slots=True)
class _Turns:
    """The writes of one loop that wait, and the task that carries them over."""

    waiting: deque[_Write] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()


async def _take_turns(turns: _Turns) -> None:
    while turns.waiting:
        batch = [turns.waiting.popleft() for _ in range(min(TOGETHER, len(turns.waiting)))]
        try:
            outcomes = await in_db(_together, batch)
        except asyncio.CancelledError:
            for write in (*batch, *turns.waiting):
                write.future.cancel()
            turns.waiting.clear()
            raise
        for write, (result, error) in zip(batch, outcomes, strict=True):
            if write.future.done():
                continue  # whoever waited was cancelled
            if error is None:
                write.future.set_result(result)
            else:
                write.future.set_exception(error)


Outcome = tuple[Any, Exception | None]


def _together(batch: Sequence[_Write]) -> list[Outcome]:
    """Each write's result or error. An error of the database rolls all back, and each is then tried alone."""
    if len(batch) == 1:
        return [_alone(batch[0])]
    outcomes: list[Outcome] | None = None
    try:
        with transaction.atomic():
            task_lists.lock({write.list_id for write in batch})  # the lists first, in order, as everywhere
            outcomes = [_within(write) for write in batch]
    except DatabaseError as error:
        if outcomes is not None:  # the commit: nobody knows whether it held
            _drop_if_unusable()
            return [(None, error)] * len(batch)
        return [_alone(write) for write in batch]
    return outcomes


def _within(write: _Write) -> Outcome:
    try:
        return write.call(), None
    except DatabaseError:
        raise
    except Exception as error:
        return None, error


def _alone(write: _Write) -> Outcome:
    try:
        return _call(write.call), None
    except Exception as error:
        return None, error


def _call(service: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return service(*args, **kwargs)
    except (OperationalError, InterfaceError):
        _drop_if_unusable()
        raise


def _drop_if_unusable() -> None:
    # Not close_if_unusable_or_obsolete(): with a CONN_MAX_AGE of 0 every connection is obsolete, and it would close
    # a good one after a lock's timeout, even under a transaction.
    if not (connection.in_atomic_block or connection.is_usable()):
        connection.close()
