"""The one border between async and sync: `in_db` going down to services, `run_sync` coming up from plain code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import async_to_sync, sync_to_async
from django.db import InterfaceError, OperationalError, connection

P = ParamSpec("P")
R = TypeVar("R")


async def in_db(service: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a service from async code: on one thread, with one connection a process. One hop, about 80 µs.

    After an error of a connection that is of no more use it is dropped, so that the next call gets a new one; but not
    inside a transaction, whose owner must hear of it.
    """
    call: Callable[..., Awaitable[R]] = sync_to_async(_call, thread_sensitive=True)
    return await call(service, *args, **kwargs)


def run_sync(verb: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call an async verb from plain Django code: a view, a shell, a command. Not from inside a running loop."""
    return async_to_sync(verb)(*args, **kwargs)


def _call(service: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return service(*args, **kwargs)
    except (OperationalError, InterfaceError):
        # Not close_if_unusable_or_obsolete(): with a CONN_MAX_AGE of 0 every connection is obsolete, and it would close
        # a good one after a lock's timeout, even under a transaction.
        if not (connection.in_atomic_block or connection.is_usable()):
            connection.close()
        raise
