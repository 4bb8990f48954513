"""The watchdog of a worker process: one whose loop is wedged shows its stacks and ends, and another takes its place."""

from __future__ import annotations

import faulthandler
import sys

WEDGED_SECONDS = 120.0  # without a tick; long after the leases of its attempts have run out
CLOSING_SECONDS = 1.5  # after the shift's work; what hangs then would leave a process that does nothing


def tick() -> None:
    """The event loop runs. The process ends, with its stacks on stderr, 120 s after the last call."""
    _end_process_in(WEDGED_SECONDS)


def close() -> None:
    """The work is done: 1.5 s are left to close what else is open."""
    _end_process_in(CLOSING_SECONDS)


def rest() -> None:
    """All is closed; the process may live."""
    faulthandler.cancel_dump_traceback_later()


def _end_process_in(seconds: float) -> None:
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or sys.stderr)
