"""When a model call is tried again: as the provider wishes, else 0.5 s doubling, within the time there is."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["Fault", "Retries", "seconds_asked"]

TRIES = 5  # where no deadline is given
SECONDS_IN_ALL = 60.0  # where no deadline is given: no try begins later
FIRST_WAIT = 0.5  # s, doubling
LONGEST_WAIT = 20.0  # s; an endpoint that comes back should not stand idle for minutes
SPREAD = 0.5  # s on top of a Retry-After, or 200 agents that were told the same second all come back in it


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a try gave no answer, in words for people; `retry_after` is the provider's wish in seconds."""

    words: str
    retryable: bool = True
    retry_after: float | None = None


class Retries:
    """The patience of one call. Times are `time.monotonic()` values; `deadline` None: 5 tries within 60 s."""

    def __init__(self, now: float, deadline: float | None) -> None:
        self.tries = 0
        self._end = now + SECONDS_IN_ALL if deadline is None else deadline
        self._most = TRIES if deadline is None else None

    def wait_after(self, fault: Fault, now: float) -> float | None:
        """Count a failed try; the seconds to wait before the next, or None: there is to be no other."""
        self.tries += 1
        if not fault.retryable or self.tries == self._most:
            return None
        # Doubling is capped first: 2 ** 2000 is no float.
        backoff = min(FIRST_WAIT * 2 ** min(self.tries - 1, 10), LONGEST_WAIT) * random.uniform(0.75, 1.25)
        wait = backoff
        if fault.retry_after is not None:
            wait = max(backoff, fault.retry_after + random.uniform(0, SPREAD))
        return wait if now + wait < self._end else None


def seconds_asked(retry_after: str | None) -> float | None:
    """A `Retry-After` header, seconds or HTTP date, as seconds from now; None if it says nothing usable."""
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        seconds = _seconds_until(retry_after)
    return max(seconds, 0.0) if seconds == seconds else None  # NaN is not itself


def _seconds_until(date: str) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return float("nan")
    if moment.tzinfo is None:  # "-0000" parses as naive and means UTC
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.fromtimestamp(time.time(), UTC)).total_seconds()
