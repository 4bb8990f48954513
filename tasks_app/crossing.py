"""The one border between async and sync: agents, patterns and the pool are async, whatever touches rows is sync."""

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import async_to_sync, sync_to_async
from django.db import InterfaceError, OperationalError, connections

P = ParamSpec("P")
T = TypeVar("T")


async def in_db(service: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`service(*args, **kwargs)` in the process's one database thread; calls wait for each other.

    Cancelling the caller does not stop a call that has begun: it may commit all the same.

    Raises:
        OperationalError, InterfaceError: as Django does; a connection that broke is closed, so the next call has a
            new one.
    """

    def call() -> T:
        try:
            return service(*args, **kwargs)
        except (OperationalError, InterfaceError):
            for connection in connections.all(initialized_only=True):
                connection.close_if_unusable_or_obsolete()
            raise

    return await sync_to_async(call, thread_sensitive=True)()


def run_sync(function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Await `function(*args, **kwargs)` from sync code; its `in_db` calls run in the caller's thread.

    Raises:
        RuntimeError: the caller's thread has a running loop; await the function there.
    """
    return async_to_sync(function)(*args, **kwargs)
