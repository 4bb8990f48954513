"""When a failed task is tried again."""

from __future__ import annotations

BACKOFF_CAP_SECONDS = 60.0  # a minute: longer waits look like a stall on the board
ALONE_AFTER_ABANDONED = 4  # attempts lost to dying workers after which a task runs with no neighbours


def backoff_seconds(failures: int) -> float:
    """Seconds to wait after the n-th failure (1, 2, …): 1, 2, 4 … doubling, at most a minute."""
    return float(min(2.0 ** min(failures - 1, 16), BACKOFF_CAP_SECONDS))


PROGRAMMING_ERRORS = (TypeError, NameError, AttributeError, ImportError, SyntaxError, NotImplementedError)


def is_retryable(error: BaseException) -> bool:
    """Whether a later attempt may do better: not for a mistake in the code, which stays, alone or in a group."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(is_retryable, error.exceptions))
    return not isinstance(error, PROGRAMMING_ERRORS) and bool(getattr(error, "retryable", True))
